/** A role for what is made by clients, as every AWS account has one. */
import assert from 'node:assert/strict';
import type { RealNode } from '../support/real-node.ts';
import { sendSigned } from '../support/signed.ts';
import { awsEnvironment } from './python-client.ts';

type Node = Pick<RealNode, 'home'>;

/**
 * @param to.service which may assume it; Lambda unless said
 * @param to.action that it allows, on anything; absent: nothing
 * @returns the ARN of the new role
 */
export async function makeRole(
  node: Node,
  name: string,
  { service = 'lambda.amazonaws.com', action }: { readonly service?: string; readonly action?: string } = {},
): Promise<string> {
  const trust = { Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' };
  const AssumeRolePolicyDocument = policyOf(trust);
  await iam(node, { Action: 'CreateRole', RoleName: name, AssumeRolePolicyDocument });
  if (action !== undefined) {
    const PolicyDocument = policyOf({ Effect: 'Allow', Action: action, Resource: '*' });
    await iam(node, { Action: 'PutRolePolicy', RoleName: name, PolicyName: 'calls', PolicyDocument });
  }
  return `arn:aws:iam::000000000000:role/${name}`;
}

function policyOf(statement: object): string {
  return JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
}

async function iam(node: Node, form: Readonly<Record<string, string>>): Promise<void> {
  const { AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = awsEnvironment(node);
  const body = new URLSearchParams({ Version: '2010-05-08', ...form }).toString();
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const request = { method: 'POST', path: '/', service: 'iam', body, headers };
  const keys = { accessKeyId: AWS_ACCESS_KEY_ID ?? '', secretAccessKey: AWS_SECRET_ACCESS_KEY ?? '' };
  const answer = await sendSigned(AWS_ENDPOINT_URL ?? '', keys, request);
  assert.equal(answer.status, 200, answer.text);
}
