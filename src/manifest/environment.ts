import { isReservedVariable, LIMITS, VARIABLE_PATTERN } from '../model/index.ts';
import { below, isMap, kindOf, type Rule, report, type Spot } from './rules.ts';

type Environment = Readonly<Record<string, string>>;

/**
 * Environment variables: text, numbers and booleans, all read as the text that was written.
 *
 * @param accept `plain` for a manifest, where `PORT: 8080` is natural; `text` for JSON
 */
export function environment(accept: 'plain' | 'text'): Rule<Environment> {
  const types = accept === 'plain' ? ['string', 'number', 'boolean'] : ['string'];
  return {
    schema: {
      type: 'object',
      propertyNames: { pattern: VARIABLE_PATTERN.source },
      additionalProperties: { type: types },
    },
    read(value, spot) {
      if (!isMap(value)) {
        report(spot, `must be a map of names to values, was ${kindOf(value)}`);
        return {};
      }
      const entries = Object.entries(value).map(
        ([name, item]) => [name, one(name, item, { types, spot })] as const,
      );
      const bytes = entries.reduce(
        (sum, [name, item]) => sum + Buffer.byteLength(name) + Buffer.byteLength(item),
        0,
      );
      if (bytes > LIMITS.environmentBytes) {
        const way = 'keep large values in a file of the package or in a database';
        report(
          spot,
          `names and values are ${bytes} bytes together; at most ${LIMITS.environmentBytes} are allowed; ${way}`,
        );
      }
      return Object.fromEntries(entries);
    },
  };
}

function one(name: string, value: unknown, given: { types: readonly string[]; spot: Spot }): string {
  const spot = below(given.spot, name);
  if (isReservedVariable(name)) {
    report(spot, `\`${name}\` is set by the runtime and cannot be chosen; take another name`, 'key');
  } else if (!VARIABLE_PATTERN.test(name)) {
    const rule = 'must be two characters or more: a letter, then letters, digits and underscores';
    report(spot, `the name \`${name}\` ${rule}`, 'key');
  }
  if (!given.types.includes(typeof value)) {
    const hint = value === null ? '; write "" for an empty text' : '';
    report(
      spot,
      `must be ${given.types.length > 1 ? 'a text, a number or a boolean' : 'a text'}, was ${kindOf(value)}${hint}`,
    );
    return '';
  }
  const written = typeof value === 'string' ? value : (given.spot.written(spot.path) ?? String(value));
  if (written.includes('\0')) report(spot, 'must not contain a NUL character');
  return written;
}
