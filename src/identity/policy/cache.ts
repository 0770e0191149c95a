import { compilePolicy, type Policy, type PolicyKind } from './document.ts';

/** Compiled documents that are remembered: every policy in use is asked for with each decision. */
const MAX_DOCUMENTS = 10_000;
const compiled: Readonly<Record<PolicyKind, Map<string, Policy>>> = {
  identity: new Map(),
  resource: new Map(),
  trust: new Map(),
};

/** As `compilePolicy`, once per document. @throws {Fault} `policy-invalid` */
export function policyOf(text: string, kind: PolicyKind): Policy {
  const documents = compiled[kind];
  const known = documents.get(text);
  if (known !== undefined) return known;
  const policy = compilePolicy(text, kind);
  if (documents.size >= MAX_DOCUMENTS) documents.clear();
  documents.set(text, policy);
  return policy;
}
