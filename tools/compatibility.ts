/**
 * `node bin/run tools/compatibility.ts`: makes docs/compatibility/lambda.md anew from a run of boto3 against a node
 * (test/clients/install.sh first). Refuses while the run fails, or anything is left unexplained.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { compatibilityPage } from '../test/clients/compatibility-page.ts';
import { LAMBDA_CLAIMS } from '../test/clients/lambda-claims.ts';
import { lambdaByBoto3 } from '../test/clients/python-client.ts';

const report = await lambdaByBoto3();
const model = JSON.parse(readFileSync('src/wire/aws/models/lambda.json', 'utf8'));
const page = compatibilityPage({ model, report, claims: LAMBDA_CLAIMS });
const complaints = [...report.failures, ...report.problems, ...page.complaints];
for (const complaint of complaints) console.error(`- ${complaint}`);
if (complaints.length > 0) process.exitCode = 1;
else {
  mkdirSync('docs/compatibility', { recursive: true });
  writeFileSync('docs/compatibility/lambda.md', page.text);
}
console.log(
  `${report.answers} answers; the same: ${(100 * page.operations).toFixed(1)} % of operations, ${(100 * page.parameters).toFixed(1)} % of parameters`,
);
