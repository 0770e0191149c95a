/**
 * Names and what is derived from them. A function has one name everywhere, `<app>-<function>`;
 * its host label is the same name as a lower-case slug of at most 63 characters.
 */

export const ACCOUNT_ID = '000000000000';
export const REGION = 'us-east-1';

/** The alias that the front door and a call without a qualifier use. */
export const LIVE = 'live';

/** What is not published yet: the one version that changes. Its number is 0. */
export const LATEST = '$LATEST';

/** @returns how AWS writes a version's number */
export function versionLabel(version: number): string {
  return version === 0 ? LATEST : String(version);
}

/** An app or function key in a manifest: lower case, so that it can be a host label. */
export const NAME_PATTERN = /^[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?$/;

/** @returns the one name of a function, e.g. `bakery-orders` */
export function fullName(app: string, key: string): string {
  return `${app}-${key}`;
}

/** @returns the ARN of a function, with its qualifier if one is given */
export function functionArn(name: string, qualifier?: string): string {
  const arn = `arn:aws:lambda:${REGION}:${ACCOUNT_ID}:function:${name}`;
  return qualifier === undefined ? arn : `${arn}:${qualifier}`;
}

/** @returns the ARN of a queue */
export function queueArn(name: string): string {
  return `arn:aws:sqs:${REGION}:${ACCOUNT_ID}:${name}`;
}

/** @returns the ARN of a schedule */
export function scheduleArn({ group, name }: { readonly group: string; readonly name: string }): string {
  return `arn:aws:scheduler:${REGION}:${ACCOUNT_ID}:schedule/${group}/${name}`;
}

/**
 * The host label of a function: lower case, letters, digits and hyphens, 63 characters at most.
 * Two names can share a slug; the store keeps slugs unique and refuses the second.
 */
export function slugOf(name: string): string {
  const slug = name
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, '-')
    .replace(/^-+|-+$/g, '');
  return slug.slice(0, 63).replace(/-+$/, '');
}

/** Under which functions call each other: `http://price.internal/`. */
export const INTERNAL_SUFFIX = '.internal';

/** @returns whether a Host header is of the platform's own names, also where it is nobody's */
export function isInternalHost(header: string | undefined): boolean {
  return header !== undefined && /\.internal\.?(?::\d*)?$/i.test(header);
}
