/**
 * `node bin/run tools/compatibility.ts [SERVICE…]`: makes the pages of docs/compatibility anew from runs of boto3
 * against a node (test/clients/install.sh first). Refuses while a run fails, or anything is left unexplained.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import {
  COMPATIBILITY_PAGES,
  type CompatibilityPageName,
  makePage,
} from '../test/clients/compatibility-pages.ts';

const all = Object.keys(COMPATIBILITY_PAGES) as CompatibilityPageName[];
const wanted = process.argv.slice(2);
for (const name of wanted.length === 0 ? all : all.filter((one) => wanted.includes(one))) {
  const page = await makePage(name);
  const { report } = page;
  const complaints = [...report.failures, ...report.problems, ...page.complaints];
  for (const complaint of complaints) console.error(`- ${complaint}`);
  if (complaints.length > 0) process.exitCode = 1;
  else {
    mkdirSync('docs/compatibility', { recursive: true });
    writeFileSync(`docs/compatibility/${name}.md`, page.text);
  }
  console.log(
    `${name}: ${report.answers} answers; the same: ${(100 * page.operations).toFixed(1)} % of operations, ${(100 * page.parameters).toFixed(1)} % of parameters`,
  );
}
