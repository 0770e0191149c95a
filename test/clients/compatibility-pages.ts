/** The pages of docs/compatibility: each from a run of boto3 against a node, a model, and a table of what is different. */
import { readFileSync } from 'node:fs';
import {
  type Claims,
  type ClientReport,
  type CompatibilityPage,
  compatibilityPage,
} from './compatibility-page.ts';
import { LAMBDA_CLAIMS } from './lambda-claims.ts';
import { lambdaByBoto3, schedulerByBoto3, sqsByBoto3 } from './python-client.ts';
import { SCHEDULER_CLAIMS } from './scheduler-claims.ts';
import { SQS_CLAIMS } from './sqs-claims.ts';

interface Source {
  readonly claims: Claims;
  /** Calls the whole API on a node of its own. */
  readonly run: () => Promise<ClientReport>;
}

/** By the name of the page and of the model. */
export const COMPATIBILITY_PAGES = {
  lambda: { claims: LAMBDA_CLAIMS, run: lambdaByBoto3 },
  scheduler: { claims: SCHEDULER_CLAIMS, run: schedulerByBoto3 },
  sqs: { claims: SQS_CLAIMS, run: sqsByBoto3 },
} as const satisfies Readonly<Record<string, Source>>;

export type CompatibilityPageName = keyof typeof COMPATIBILITY_PAGES;

export interface MadePage extends CompatibilityPage {
  readonly report: ClientReport;
}

export async function makePage(name: CompatibilityPageName): Promise<MadePage> {
  const { claims, run } = COMPATIBILITY_PAGES[name];
  const report = await run();
  const file = new URL(`../../src/wire/aws/models/${name}.json`, import.meta.url);
  const model = JSON.parse(readFileSync(file, 'utf8'));
  return { report, ...compatibilityPage({ model, report, claims }) };
}
