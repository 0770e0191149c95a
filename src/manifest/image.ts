/** `image`: a container image instead of a runtime and code; how it is started, where that is not the image's own. */
import type { FunctionConfig } from '../model/index.ts';
import { optional, required } from './fields.ts';
import { isMap, listOf, type Rule, record, type Spot, shown, text } from './rules.ts';

type ImageStart = NonNullable<FunctionConfig['image']>;

export interface ImageText {
  /** Relative to the manifest's folder. */
  readonly path: string;
  readonly start: ImageStart;
}

const MOST_WORDS = 1_500;
const MAX_DIRECTORY = 1_000;

const path = text({ minLength: 1, examples: ['./image.tar'] }, (value) =>
  value === '' || value.includes('\0')
    ? `${shown(value)} is not the path of an image: a .tar of "docker save", or an OCI layout`
    : null,
);

const words = listOf(
  text({}, (value) => (value.includes('\0') ? `${shown(value)} holds a NUL` : null)),
  { max: MOST_WORDS, what: 'words' },
);

const directory = text({ pattern: '^/', maxLength: MAX_DIRECTORY }, (value) =>
  value.startsWith('/') && value.length <= MAX_DIRECTORY && !value.includes('\0')
    ? null
    : `${shown(value)} is not an absolute path of at most ${MAX_DIRECTORY} characters`,
);

const startFields = {
  entryPoint: optional<string[] | null>(words, () => null),
  command: optional<string[] | null>(words, () => null),
  workingDirectory: optional<string | null>(directory, () => null),
};

interface Start {
  entryPoint: string[] | null;
  command: string[] | null;
  workingDirectory: string | null;
}

function startOf({ entryPoint, command, workingDirectory }: Start): ImageStart {
  return {
    ...(entryPoint !== null && { entryPoint }),
    ...(command !== null && { command }),
    ...(workingDirectory !== null && { workingDirectory }),
  };
}

const written = record<Start & { path: string }>(
  { path: required(path), ...startFields },
  { what: 'an image' },
);

/** As a manifest has it: a path, or a path and more. */
export const image: Rule<ImageText> = {
  schema: { anyOf: [path.schema, written.schema] },
  read(value, spot: Spot) {
    if (!isMap(value)) return { path: path.read(value, spot), start: {} };
    const found = written.read(value, spot);
    return { path: found.path, start: startOf(found) };
  },
};

const startObjectRule = record<Start>(startFields, { what: 'an image' });

/** As the JSON of an app has it. */
export const imageObject: Rule<ImageStart> = {
  schema: startObjectRule.schema,
  read: (value, spot) => startOf(startObjectRule.read(value, spot)),
};
