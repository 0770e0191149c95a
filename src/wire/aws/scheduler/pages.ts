/** Pages of lists: `NextToken` goes in and comes out, opaque to callers. */
import { invalid } from './errors.ts';

interface PageWanted {
  readonly NextToken?: string | undefined;
  readonly MaxResults?: number | undefined;
}

/** What AWS gives at most, and where nothing is said. */
const PAGE_ITEMS = 100;

/** @throws {AwsError} when the token is none of ours */
export function pageWanted({ NextToken, MaxResults = PAGE_ITEMS }: PageWanted): {
  readonly after: string | null;
  readonly limit: number;
} {
  return { after: NextToken === undefined ? null : readToken(NextToken), limit: MaxResults };
}

/** @returns what is to be spread into the answer */
export function nextToken(next: string | null): { readonly NextToken?: string } {
  return next === null ? {} : { NextToken: Buffer.from(`1:${next}`).toString('base64url') };
}

function readToken(token: string): string {
  const text = Buffer.from(token, 'base64url').toString('utf8');
  if (text.startsWith('1:')) return text.slice(2);
  throw invalid('Invalid NextToken provided.');
}
