export {
  type ControlPolicy,
  type ControlRequest,
  checkControlRequest,
  controlPolicy,
} from './control-request.ts';
export {
  type InstanceCredentials,
  type InstanceIdentity,
  instanceCredentials,
} from './instance-credentials.ts';
export { type KeyStore, loadNodeKeys, type NodeKeys } from './node-keys.ts';
export { purposeKey } from './purpose-key.ts';
