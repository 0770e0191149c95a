/** Names of environment variables: what a function may choose, and what is chosen for it. */

/** As Lambda: a letter first, then letters, digits and underscores. */
export const VARIABLE_PATTERN = /^[A-Za-z][A-Za-z0-9_]+$/;

/** What Lambda sets by itself and refuses to be given (its developer guide, "Reserved environment variables"). */
const RESERVED = new Set([
  'AWS_REGION',
  'AWS_DEFAULT_REGION',
  'AWS_EXECUTION_ENV',
  'AWS_ACCESS_KEY',
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_XRAY_CONTEXT_MISSING',
  'AWS_XRAY_DAEMON_ADDRESS',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
  'AWS_CONTAINER_AUTHORIZATION_TOKEN',
  'LAMBDA_TASK_ROOT',
  'LAMBDA_RUNTIME_DIR',
  '_HANDLER',
  '_X_AMZN_TRACE_ID',
]);

/** AWS_LAMBDA_EXEC_WRAPPER is the one of its family that a function may set. */
export function isReservedVariable(name: string): boolean {
  return RESERVED.has(name) || (name.startsWith('AWS_LAMBDA_') && name !== 'AWS_LAMBDA_EXEC_WRAPPER');
}
