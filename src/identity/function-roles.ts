/**
 * Roles that nobody made: each function without a role of its choice has one of its own, `skein-<function>`,
 * which allows what the function's `uses` and triggers say. It follows from the configuration, is not stored,
 * and cannot be changed through IAM.
 */
import { createHash } from 'node:crypto';
import { base32 } from './base32.ts';
import type { Role } from './entities.ts';

const PREFIX = 'skein-';
const SERVICE = 'lambda.amazonaws.com';

/** What identity needs to know of functions; the composition root answers from the registry. */
export interface FunctionRoles {
  /** @returns the statements of a function's own policy, as JSON objects; null: no such function */
  statementsOf(functionName: string): readonly object[] | null;
  /** Names of all functions. */
  functionNames(): Iterable<string>;
  /** A sentence: the line of the manifest that would allow what the function's own role refused; null: none would. */
  lineThatAllows(
    functionName: string,
    refused: { readonly action: string; readonly resource: string },
  ): string | null;
}

/** The name of a function's own role. A role's name has at most 64 characters: a longer one is cut, with a digest. */
export function functionRoleName(functionName: string): string {
  const name = `${PREFIX}${functionName}`;
  if (name.length <= 64) return name;
  return `${name.slice(0, 53)}-${createHash('sha256').update(name).digest('hex').slice(0, 10)}`;
}

export const NO_FUNCTIONS: FunctionRoles = {
  statementsOf: () => null,
  functionNames: () => [],
  lineThatAllows: () => null,
};

/** @returns the role of this name, if it is a function's own; null when it is none */
export function findFunctionRole(functions: FunctionRoles, roleName: string): Role | null {
  if (!roleName.startsWith(PREFIX)) return null;
  const short = roleName.slice(PREFIX.length);
  const statements = functions.statementsOf(short);
  if (statements !== null) return roleOf(roleName, statements);
  if (roleName.length !== 64) return null;
  for (const name of functions.functionNames()) {
    if (functionRoleName(name) === roleName) return roleOf(roleName, functions.statementsOf(name) ?? []);
  }
  return null;
}

export function listFunctionRoles(functions: FunctionRoles): Role[] {
  return [...functions.functionNames()].map((name) =>
    roleOf(functionRoleName(name), functions.statementsOf(name) ?? []),
  );
}

/** Roles by their statements, which are the same object while nothing about the function has changed. */
const known = new WeakMap<readonly object[], Role>();

function roleOf(name: string, statements: readonly object[]): Role {
  const made = known.get(statements);
  if (made?.name === name) return made;
  const role = makeRole(name, statements);
  known.set(statements, role);
  return role;
}

function makeRole(name: string, statements: readonly object[]): Role {
  const document = { Version: '2012-10-17', Statement: statements };
  return {
    name,
    path: '/skein/',
    id: `AROA${base32(createHash('sha256').update(`function-role:${name}`).digest().subarray(0, 10))}`,
    createdAtMs: 0,
    tags: {},
    inline: statements.length === 0 ? {} : { 'skein-uses': JSON.stringify(document) },
    attached: [],
    trust: trustOf(SERVICE),
    description: 'The own role of a function: what its manifest allows',
    maxSessionSeconds: 3_600,
  };
}

/** A trust policy that lets one service in. */
export function trustOf(service: string): string {
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }],
  });
}
