export type { HolderRef } from './admin/admin.ts';
export { createIdentityAdmin, type IdentityAdmin } from './admin/identity-admin.ts';
export type { MadeKey } from './admin/keys.ts';
export { type AuthorityParts, createAuthority, defaultDocument, type SessionAuthority } from './authority.ts';
export {
  type ControlPolicy,
  type ControlRequest,
  checkControlPlace,
  checkControlRequest,
  controlPolicy,
} from './control-request.ts';
export type {
  Authority,
  Decision,
  Question,
  RequestContext,
  RoleQuestion,
  Session,
  SessionWish,
} from './decision.ts';
export { Directory } from './directory.ts';
export { type ManagedPolicy, policyArn, type Role, roleArn, type User, userArn } from './entities.ts';
export { type FunctionRoles, functionRoleName } from './function-roles.ts';
export type { Keyring } from './keyring.ts';
export { type KeyringPlace, openKeyring, renewKeyring, retireKeys } from './keyring-file.ts';
export { type KeyStore, loadNodeKeys, type NodeKeys } from './node-keys.ts';
export { compilePolicy } from './policy/document.ts';
export {
  ANONYMOUS,
  type Principal,
  ROOT,
  type SessionFacts,
  sessionPrincipal,
} from './principal.ts';
export { purposeKey } from './purpose-key.ts';
export {
  carriesSignature,
  type SignedRequest,
  type VerifiedRequest,
  type VerifyOptions,
} from './signed-request.ts';
export { createVault, type SecretsWanted, type StoredSecret, sealContext, type Vault } from './vault.ts';
