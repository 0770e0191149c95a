/** What every verb about a function's settings works with. */
import { LATEST } from '../../model/index.ts';
import {
  changeSettings,
  type FunctionSettings,
  functionNotFound,
  readSettings,
  type Sql,
} from '../../store/index.ts';
import type { ControlOptions } from '../answers.ts';
import { serve } from '../serve.ts';

export interface SettingsOptions extends Pick<ControlOptions, 'registry' | 'clock' | 'roles'> {
  readonly sql: Sql;
  readonly newId: () => string;
  /** 32 letters and digits that nobody has had before. */
  readonly newUrlId: () => string;
}

/** A function, or one of its aliases or versions. */
export interface Target {
  readonly name: string;
  /** null: the function itself, `$LATEST`. */
  readonly qualifier: string | null;
}

/** What each part of the verbs works with. */
export interface SettingsParts {
  /** The key of the maps. */
  keyOf(target: Target): string;
  read(name: string): Promise<FunctionSettings>;
  /** Stores what `change` makes, and waits until this node serves it. */
  write(target: Target, change: (settings: FunctionSettings) => Partial<FunctionSettings>): Promise<void>;
}

export function partsOf(options: SettingsOptions): SettingsParts {
  const keyOf = ({ qualifier }: Target) => (qualifier === null || qualifier === LATEST ? '' : qualifier);
  return {
    keyOf,
    async read(name) {
      const settings = await readSettings(options.sql, name);
      if (settings === null) throw functionNotFound(name);
      return settings;
    },
    async write(target, change) {
      const { name } = target;
      await serve(options, await changeSettings(options.sql, { name, qualifier: keyOf(target), change }));
    },
  };
}
