/**
 * A policy of the resource itself: who may do what with this function, alias, version or layer version.
 * Its statements are IAM's; `AddPermission` makes one at a time.
 */
export interface ResourcePolicy {
  /** Another one after each change. */
  readonly revisionId: string;
  readonly statements: readonly PolicyStatement[];
}

/** One statement in IAM's language; its keys are those of the document. */
export type PolicyStatement = Readonly<Record<string, unknown>>;

/** @returns the policy as the JSON document that AWS gives out */
export function policyDocument(policy: ResourcePolicy): string {
  return JSON.stringify({ Version: '2012-10-17', Id: 'default', Statement: policy.statements });
}
