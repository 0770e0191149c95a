/** Function URLs: an address of its own for `$LATEST` or an alias. */
import { Fault } from '../../base/index.ts';
import type { FunctionUrl } from '../../model/index.ts';
import type { SettingsOptions, SettingsParts, Target } from './parts.ts';

export type UrlWish = Pick<FunctionUrl, 'authType' | 'invokeMode' | 'cors'>;

export interface FunctionUrls {
  /** @throws {Fault} `function-not-found`, `version-not-found`, `resource-conflict` when it has one already */
  create(target: Target, wanted: UrlWish): Promise<FunctionUrl>;
  /** @param wanted what is undefined stays. @throws {Fault} `function-not-found`, `resource-not-found` */
  update(target: Target, wanted: { [Key in keyof UrlWish]?: UrlWish[Key] | undefined }): Promise<FunctionUrl>;
  get(target: Target): Promise<FunctionUrl>;
  /** By qualifier; '' is the function itself. */
  list(name: string): Promise<readonly (readonly [string, FunctionUrl])[]>;
  /** What it answered at is closed from then on, until it gets another one. */
  delete(target: Target): Promise<void>;
}

export function functionUrlVerbs(options: SettingsOptions, parts: SettingsParts): FunctionUrls {
  const { keyOf, read, write } = parts;
  const now = () => new Date(options.clock.wallMs()).toISOString();
  const put = async (target: Target, make: (before: FunctionUrl | undefined) => FunctionUrl) => {
    const made: FunctionUrl[] = [];
    await write(target, ({ urls, closedHosts }) => {
      made[0] = make(urls[keyOf(target)]);
      const stillClosed = closedHosts.filter((key) => key !== keyOf(target));
      return { urls: { ...urls, [keyOf(target)]: made[0] }, closedHosts: stillClosed };
    });
    return made[0]!;
  };
  return {
    create: (target, wanted) =>
      put(target, (before) => {
        if (before !== undefined) throw exists();
        return { ...wanted, urlId: options.newUrlId(), createdAt: now(), lastModified: now() };
      }),
    update: (target, { authType, invokeMode, cors }) =>
      put(target, (before) => {
        if (before === undefined) throw notFound();
        return {
          ...before,
          ...(authType !== undefined && { authType }),
          ...(invokeMode !== undefined && { invokeMode }),
          ...(cors !== undefined && { cors }),
          lastModified: now(),
        };
      }),
    async get(target) {
      const url = (await read(target.name)).urls[keyOf(target)];
      if (url === undefined) throw notFound();
      return url;
    },
    list: async (name) => Object.entries((await read(name)).urls).toSorted(([a], [b]) => (a < b ? -1 : 1)),
    delete: (target) =>
      write(target, ({ urls, closedHosts }) => {
        const { [keyOf(target)]: gone, ...others } = urls;
        if (gone === undefined) throw notFound();
        return { urls: others, closedHosts: [...closedHosts, keyOf(target)] };
      }),
  };
}

function exists(): Fault {
  return new Fault('resource-conflict', 'FunctionUrlConfig exists for this Lambda function');
}

function notFound(): Fault {
  return new Fault('resource-not-found', 'The resource you requested does not exist.');
}
