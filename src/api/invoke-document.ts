/** What `invoke --json` prints: one JSON document about one invocation. */
import type { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { Fault } from '../base/index.ts';
import type { Invocation, InvokeResult, Report } from '../invoke/index.ts';
import { LIMITS } from '../model/index.ts';

const HTTP_INTEGRATION = 'application/vnd.awslambda.http-integration-response';

interface Invoker {
  invoke(invocation: Invocation, signal: AbortSignal): Promise<InvokeResult>;
}

/** Invokes and answers with the document, as JSON text. A caller who goes away cancels the invocation. */
export async function invokeDocument(
  invoker: Invoker,
  invocation: Invocation,
  reply: FastifyReply,
): Promise<string> {
  const abort = new AbortController();
  const onClose = () => abort.abort(new Error('the caller went away'));
  reply.raw.once('close', onClose);
  try {
    const result = await invoker.invoke(invocation, abort.signal);
    const text = await documentOf(result, invocation.requestId);
    reply
      .header('content-type', 'application/json; charset=utf-8')
      .header('x-amzn-requestid', invocation.requestId);
    return text;
  } finally {
    reply.raw.off('close', onClose);
  }
}

async function documentOf(result: InvokeResult, requestId: string): Promise<string> {
  const payload =
    result.kind === 'stream'
      ? streamedJson(await collect(result.body), result.contentType)
      : jsonText(result.payload);
  const report: Report = await result.report;
  const { outcome, durationMs, billedMs, initMs, memoryMb, maxMemoryMb, queuedMs, phases } = report;
  const head = JSON.stringify({
    statusCode: 200,
    functionError: result.kind === 'error' ? 'Unhandled' : null,
  });
  const tail = JSON.stringify({
    requestId,
    executedVersion: String(result.executedVersion),
    report: { durationMs, billedMs, initMs, memoryMb, maxMemoryMb, queuedMs, outcome, phases },
  });
  // Spliced rather than parsed and printed again: numbers beyond 2^53 stay as the function wrote them.
  return `${head.slice(0, -1)},"payload":${payload},${tail.slice(1)}`;
}

/** A payload as JSON text; one that is not JSON (custom runtimes may send anything) as a JSON string. */
function jsonText(payload: Buffer): string {
  const text = payload.toString('utf8');
  try {
    JSON.parse(text);
    return text;
  } catch {
    return JSON.stringify(text);
  }
}

/** A streamed answer as JSON: an HTTP one as its prelude with `body`, any other as a string. */
function streamedJson(bytes: Buffer, contentType: string): string {
  const end = contentType === HTTP_INTEGRATION ? bytes.indexOf(Buffer.alloc(8)) : -1;
  if (end === -1) return JSON.stringify(bytes.toString('utf8'));
  try {
    const prelude = JSON.parse(bytes.toString('utf8', 0, end)) as Record<string, unknown>;
    return JSON.stringify({ ...prelude, body: bytes.toString('utf8', end + 8) });
  } catch {
    return JSON.stringify(bytes.toString('utf8'));
  }
}

/** @throws {Fault} `payload-too-large` above what a buffered answer may have; the rest is not read */
async function collect(body: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > LIMITS.answerBytes) throw streamTooLong();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function streamTooLong(): Fault {
  return new Fault(
    'payload-too-large',
    `The function streamed more than ${LIMITS.answerBytes} bytes, the most this call can collect. Call it by its URL to get the whole stream.`,
    { facts: { maxBytes: LIMITS.answerBytes } },
  );
}
