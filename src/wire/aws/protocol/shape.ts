import type { ModelDocument, ShapeDocument, ShapeRef, ShapeType } from './document.ts';

type Shapes = ModelDocument['shapes'];

/**
 * One shape where it is used: the shape's own traits, with those of the use laid over them. What it
 * is made of is resolved when it is first asked for, since shapes may hold themselves.
 */
export class Shape {
  readonly name: string;
  readonly type: ShapeType;
  /** The element where the shape is a whole body of XML. */
  readonly root: { readonly name: string; readonly namespace: ShapeDocument['xmlNamespace'] };
  readonly traits: Readonly<Omit<ShapeDocument, 'type' | 'members' | 'member' | 'key' | 'value'>>;
  readonly #shapes: Shapes;
  readonly #own: ShapeDocument;
  #members: ReadonlyMap<string, Shape> | null = null;
  readonly #parts = new Map<'member' | 'key' | 'value', Shape>();

  constructor(shapes: Shapes, ref: ShapeRef) {
    const own = shapes[ref.shape];
    if (own === undefined) throw new Error(`the model has no shape "${ref.shape}"`);
    this.name = ref.shape;
    this.type = own.type;
    // name and default namespace that a shape gives itself are those of a root element, not of a member
    const { locationName, xmlNamespace, ...inherited } = own;
    const prefixed = typeof xmlNamespace === 'object' && xmlNamespace.prefix !== undefined;
    this.traits = { ...inherited, ...(prefixed ? { xmlNamespace } : {}), ...ref };
    this.root = { name: locationName ?? ref.shape, namespace: xmlNamespace };
    this.#shapes = shapes;
    this.#own = own;
  }

  /** Of a structure, in the model's order. */
  get members(): ReadonlyMap<string, Shape> {
    this.#members ??= new Map(
      Object.entries(this.#own.members ?? {}).map(([name, ref]) => [name, new Shape(this.#shapes, ref)]),
    );
    return this.#members;
  }

  /** Of a list. */
  get member(): Shape {
    return this.#part('member');
  }

  /** Of a map. */
  get key(): Shape {
    return this.#part('key');
  }

  /** Of a map. */
  get value(): Shape {
    return this.#part('value');
  }

  #part(part: 'member' | 'key' | 'value'): Shape {
    const known = this.#parts.get(part);
    if (known !== undefined) return known;
    const ref = this.#own[part];
    if (ref === undefined) throw new Error(`the shape "${this.name}" (${this.type}) has no ${part}`);
    const shape = new Shape(this.#shapes, ref);
    this.#parts.set(part, shape);
    return shape;
  }
}
