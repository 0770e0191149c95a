/** `layers`: what is placed under /opt, the first at the bottom: folders and zips of one's own, or published ones. */
import type { LayerWish } from '../model/index.ts';
import { listOf, type Rule, report, shown, text } from './rules.ts';

/** AWS: five. */
const MOST = 5;
const ARN = /^arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:layer:[a-zA-Z0-9_-]{1,140}:[1-9]\d{0,8}$/;
const NAME = /^[a-zA-Z0-9_-]{1,100}$/;
const DIGEST = /^[0-9a-f]{64}$/;

/** A published layer's ARN, or a path. */
export type LayerText = { readonly arn: string } | { readonly path: string };

export const layers: Rule<LayerText[]> = listOf(
  {
    schema: {
      type: 'string',
      minLength: 1,
      examples: ['./layers/common', 'arn:aws:lambda:…:layer:common:3'],
    },
    read(value, spot): LayerText {
      const written = text({}, wrongLayer).read(value, spot);
      return written.startsWith('arn:') ? { arn: written } : { path: written };
    },
  },
  { max: MOST, what: 'layers' },
);

function wrongLayer(value: string): string | null {
  if (value.startsWith('arn:')) {
    const form = 'arn:aws:lambda:us-east-1:000000000000:layer:NAME:VERSION';
    return ARN.test(value) ? null : `${shown(value)} is not one version of a layer: ${form}`;
  }
  if (value !== '' && !value.includes('\0')) return null;
  return `${shown(value)} is neither a folder, a .zip file nor the ARN of a layer's version`;
}

/** As the JSON of an app has them: published, or stored packages with the name they are to be published under. */
export const layerObjects: Rule<LayerWish[]> = listOf(
  {
    schema: { type: 'object' },
    read(value, spot): LayerWish {
      const { arn, name, artifact } = (value ?? {}) as Record<string, unknown>;
      if (typeof arn === 'string' && ARN.test(arn)) return { arn };
      const named = typeof name === 'string' && NAME.test(name) ? name : null;
      if (named !== null && typeof artifact === 'string' && DIGEST.test(artifact)) {
        return { name: named, artifact };
      }
      report(spot, 'must be {"arn"}, or {"name","artifact"} of a stored package');
      return { arn: '' };
    },
  },
  { max: MOST, what: 'layers' },
);

/** What a folder or zip is called as a layer: the last part of its path. */
export function layerName(path: string): string {
  const last = path.replace(/\/+$/, '').split('/').at(-1) ?? '';
  const name = last
    .replace(/\.zip$/, '')
    .replace(/[^a-zA-Z0-9_-]+/g, '-')
    .replace(/^-+|-+$/g, '');
  return name.slice(0, 60) || 'layer';
}
