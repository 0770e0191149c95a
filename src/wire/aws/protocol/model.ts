/**
 * A service's model, ready to be asked: operations by name and by route, errors by code. Shapes are
 * resolved when they are first used, so that opening a model costs little.
 */
import { readFileSync } from 'node:fs';
import type { ModelDocument, OperationDocument, ShapeDocument } from './document.ts';
import { type RouteMatch, type RouteQuestion, Routes } from './routes.ts';
import { Shape } from './shape.ts';

export interface Operation {
  readonly name: string;
  readonly method: string;
  readonly requestUri: string;
  /** The status of success. */
  readonly statusCode: number;
  /** Null: nothing is taken, or given. */
  readonly input: Shape | null;
  readonly output: Shape | null;
  readonly resultWrapper: string | null;
  readonly errors: readonly string[];
  /** Whether the body goes to the operation as a stream, unread. */
  readonly streamsInput: boolean;
}

export interface ErrorModel {
  readonly shape: Shape;
  /** What the error is called on the wire where that is not the shape's name. */
  readonly code: string;
  readonly status: number;
}

export class ServiceModel {
  readonly metadata: ModelDocument['metadata'];
  readonly document: ModelDocument;
  readonly #operations = new Map<string, Operation>();
  #routes: Routes<Operation> | null = null;
  #errors: Map<string, ErrorModel> | null = null;

  constructor(document: ModelDocument) {
    this.document = document;
    this.metadata = document.metadata;
  }

  /** The name in a signature's scope, as `lambda`. */
  get signingName(): string {
    return this.metadata.signingName ?? this.metadata.endpointPrefix ?? '';
  }

  get operationNames(): readonly string[] {
    return Object.keys(this.document.operations);
  }

  operation(name: string): Operation | null {
    const known = this.#operations.get(name);
    if (known !== undefined) return known;
    if (!Object.hasOwn(this.document.operations, name)) return null;
    const made = operationOf(this.document, this.document.operations[name] as OperationDocument);
    this.#operations.set(name, made);
    return made;
  }

  /** Of the REST protocols: which operation a method and path mean. */
  route(question: RouteQuestion): RouteMatch<Operation> | null {
    this.#routes ??= new Routes(this.operationNames.map((name) => this.operation(name) as Operation));
    return this.#routes.match(question);
  }

  /** @param code a shape's name, or the code that the model gives it */
  error(code: string): ErrorModel | null {
    this.#errors ??= errorsOf(this.document.shapes);
    return this.#errors.get(code) ?? null;
  }
}

/**
 * Reads one of the files that `tools/aws-models.ts` makes.
 *
 * @param name `lambda`, `iam`, …: a file of `../models`
 */
export function readModel(name: string): ServiceModel {
  const path = new URL(`../models/${name}.json`, import.meta.url);
  return new ServiceModel(JSON.parse(readFileSync(path, 'utf8')) as ModelDocument);
}

function operationOf({ shapes }: ModelDocument, operation: OperationDocument): Operation {
  const input = operation.input === undefined ? null : new Shape(shapes, operation.input);
  const payload = input?.traits.payload === undefined ? undefined : input.members.get(input.traits.payload);
  return {
    name: operation.name,
    method: operation.http.method,
    requestUri: operation.http.requestUri,
    statusCode: operation.http.responseCode ?? 200,
    input,
    output: operation.output === undefined ? null : new Shape(shapes, operation.output),
    resultWrapper: operation.output?.resultWrapper ?? null,
    errors: (operation.errors ?? []).map(({ shape }) => shape),
    streamsInput: payload?.traits.streaming === true || payload?.traits.eventstream === true,
  };
}

function errorsOf(shapes: ModelDocument['shapes']): Map<string, ErrorModel> {
  const errors = new Map<string, ErrorModel>();
  const all = Object.entries(shapes).filter(([, shape]) => shape.exception === true || shape.error);
  for (const [name, document] of all) {
    const { error } = document;
    const status = error?.httpStatusCode ?? (isServerFault(document) ? 500 : 400);
    const model = { shape: new Shape(shapes, { shape: name }), code: error?.code ?? name, status };
    if (!errors.has(model.code)) errors.set(model.code, model);
    errors.set(name, model);
  }
  return errors;
}

function isServerFault({ fault, error }: ShapeDocument): boolean {
  return fault === true || error?.fault === true;
}
