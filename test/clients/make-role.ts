/** A role for what is made by clients, as every AWS account has one. */
import assert from 'node:assert/strict';
import type { RealNode } from '../support/real-node.ts';
import { sendSigned } from '../support/signed.ts';
import { awsEnvironment } from './python-client.ts';

/** @returns the ARN of the new role, which a service may assume */
export async function makeRole(
  node: Pick<RealNode, 'home'>,
  name: string,
  service = 'lambda.amazonaws.com',
): Promise<string> {
  const trust = [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }];
  const { AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = awsEnvironment(node);
  const body = new URLSearchParams({
    Action: 'CreateRole',
    Version: '2010-05-08',
    RoleName: name,
    AssumeRolePolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: trust }),
  }).toString();
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const request = { method: 'POST', path: '/', service: 'iam', body, headers };
  const keys = { accessKeyId: AWS_ACCESS_KEY_ID ?? '', secretAccessKey: AWS_SECRET_ACCESS_KEY ?? '' };
  const answer = await sendSigned(AWS_ENDPOINT_URL ?? '', keys, request);
  assert.equal(answer.status, 200, answer.text);
  return `arn:aws:iam::000000000000:role/${name}`;
}
