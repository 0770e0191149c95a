/** Aliases: where they point, and for which share of the calls at a second version. */
import { Fault } from '../../base/index.ts';
import { type Alias, LATEST } from '../../model/index.ts';
import { changeAlias, createAlias, deleteAlias } from '../../store/index.ts';
import type { Aliases, AliasPoints, FunctionsOptions } from './interface.ts';
import type { FunctionParts } from './parts.ts';

export function aliasVerbs({ sql }: FunctionsOptions, parts: FunctionParts): Aliases {
  return {
    async create(wanted) {
      checkPoints(wanted);
      await parts.served(await createAlias(sql, wanted));
      return parts.alias(wanted.name, wanted.alias);
    },
    async update({ name, alias, revisionId, points }) {
      const change = (before: Alias) => {
        const { version = before.version, second = before.second, description = before.description } = points;
        const after = { version, second, description };
        checkPoints(after);
        return after;
      };
      await parts.served(await changeAlias(sql, { name, alias, revisionId, change }));
      return parts.alias(name, alias);
    },
    async delete(wanted) {
      await parts.served(await deleteAlias(sql, wanted));
    },
  };
}

function checkPoints({ version, second }: AliasPoints): void {
  if (second === null) return;
  if (version === 0 || second.version === 0) {
    throw invalid(`${LATEST} is not supported for an alias pointing to more than 1 version`);
  }
  if (version === second.version) {
    throw invalid(
      `Invalid function version ${version}. Function version ${version} is already included in routing configuration.`,
    );
  }
}

function invalid(message: string): Fault {
  return new Fault('parameter-invalid', message, { facts: { parameter: 'RoutingConfig' } });
}
