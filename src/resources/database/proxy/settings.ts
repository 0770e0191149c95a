/**
 * The settings of a session that can be made again elsewhere: each as the statement that makes it.
 * Immutable. Two sessions with the same `key` are alike.
 */
export interface Settings {
  readonly statements: ReadonlyMap<string, string>;
  readonly key: string;
}

/** Settings of one client, and all their bytes: more than that is no setting up, and pins. */
const MAX_SETTINGS = 32;
const MAX_BYTES = 4_096;

/** What every session has of its own from the start. */
export function ownSettings(applicationName: string): Settings {
  // As PostgreSQL does: whatever is not printable ASCII becomes a question mark.
  const name = applicationName.replace(/[^\x20-\x7e]/g, '?').replaceAll("'", "''");
  return settingsOf(new Map([['application_name', `SET application_name = '${name}'`]]));
}

/** @returns null when these are more than are followed */
export function withSetting(settings: Settings, name: string, statement: string): Settings | null {
  const changed = settingsOf(new Map([...settings.statements, [name, statement]]));
  return changed.statements.size > MAX_SETTINGS || changed.key.length > MAX_BYTES ? null : changed;
}

function settingsOf(statements: ReadonlyMap<string, string>): Settings {
  const sorted = [...statements].sort(([a], [b]) => (a < b ? -1 : 1));
  // A statement may end in a comment, which a line's end ends.
  return { statements, key: sorted.map(([, statement]) => statement).join('\n;\n') };
}

/** @returns SQL that gives a session these settings, whatever it had */
export function switchTo(settings: Settings): string {
  return `RESET ALL;\n${settings.key}`;
}
