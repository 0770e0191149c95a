/** Writes docs/skein.schema.json, the JSON Schema of skein.yaml for editors. Run after a change of its keys. */
import { writeFile } from 'node:fs/promises';
import { manifestSchema } from '../src/manifest/index.ts';

const target = new URL('../docs/skein.schema.json', import.meta.url);
await writeFile(target, `${JSON.stringify(manifestSchema(), null, 2)}\n`);
