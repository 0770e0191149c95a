/** A running node, as commands see it: its address and token from node.json, its answers over HTTP. */
import { createReadStream } from 'node:fs';
import { Agent, type IncomingMessage, request } from 'node:http';
import { FAULTS, Fault, type FaultCode, type FaultFacts } from '../base/index.ts';
import { type NodeFile, readNodeFile } from '../config/index.ts';

export interface NodeClient {
  readonly node: NodeFile;
  /**
   * @param body an object is sent as JSON, a string as the JSON text it is
   * @throws {Fault} what the node refused with, or `node-not-running` when it does not answer
   */
  call<T>(method: string, path: string, body?: object | string): Promise<T>;
  /**
   * @returns whether a package is known to be stored; false also when the node could not tell, because the
   *   upload that then follows is answered with the reason, for which an answer to HEAD has no place
   */
  hasArtifact(digest: string): Promise<boolean>;
  putArtifact(digest: string, zip: Buffer): Promise<void>;
  putImage(digest: string, archive: { readonly file: string; readonly bytes: number }): Promise<void>;
}

/** @throws {Fault} `node-not-running` when this home has no node */
export function connectNode(home: string): NodeClient {
  const node = readNodeFile(home);
  if (node === null) {
    throw new Fault(
      'node-not-running',
      `No node is running here (there is no ${home}/node.json). Start one with "skein up"; use --home for another one.`,
      { facts: { home } },
    );
  }
  const agent = new Agent({ keepAlive: true });
  const send = (sent: Sent) => exchange({ node, home, agent }, sent);
  return {
    node,
    async call<T>(method: string, path: string, body?: object | string): Promise<T> {
      const text = typeof body === 'object' ? JSON.stringify(body) : body;
      const answer = await send({ method, path, type: 'application/json', body: text });
      return JSON.parse(refused(answer).text) as T;
    },
    async hasArtifact(digest) {
      const answer = await send({ method: 'HEAD', path: `/api/v1/artifacts/${digest}` });
      return answer.status === 200;
    },
    async putArtifact(digest, zip) {
      refused(
        await send({
          method: 'PUT',
          path: `/api/v1/artifacts/${digest}`,
          type: 'application/zip',
          body: zip,
        }),
      );
    },
    async putImage(digest, archive) {
      const path = `/api/v1/artifacts/${digest}`;
      refused(await send({ method: 'PUT', path, type: 'application/x-tar', body: archive }));
    },
  };
}

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly type?: string;
  readonly body?: string | Buffer | { readonly file: string; readonly bytes: number } | undefined;
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

interface Target {
  readonly node: NodeFile;
  readonly home: string;
  readonly agent: Agent;
}

function exchange(target: Target, sent: Sent): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const headers: Record<string, string | number> = { authorization: `Bearer ${target.node.token}` };
  if (sent.body !== undefined) {
    headers['content-type'] = sent.type ?? 'application/json';
    headers['content-length'] = isFile(sent.body) ? sent.body.bytes : Buffer.byteLength(sent.body);
  }
  let answered = false;
  const outgoing = request(
    new URL(sent.path, target.node.control),
    { method: sent.method, headers, agent: target.agent },
    (incoming) => {
      answered = true; // a refusal may come before all of a large body is sent; it is the answer
      readAnswer(incoming).then(resolve, (error) => reject(notAnswering(target, error)));
    },
  );
  outgoing.on('error', (error) => {
    if (!answered) reject(notAnswering(target, error));
  });
  if (isFile(sent.body))
    createReadStream(sent.body.file)
      .on('error', (error) => outgoing.destroy(error))
      .pipe(outgoing);
  else outgoing.end(sent.body);
  return promise;
}

function isFile(body: Sent['body']): body is { readonly file: string; readonly bytes: number } {
  return typeof body === 'object' && 'file' in body;
}

async function readAnswer(incoming: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
  return { status: incoming.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') };
}

/** @returns the answer, when it is not a refusal. @throws {Fault} the refusal */
function refused(answer: Answer): Answer {
  if (answer.status < 400) return answer;
  const { code, message, facts } = errorOf(answer);
  if (code in FAULTS) throw new Fault(code as FaultCode, message, { facts });
  throw new Error(message);
}

function errorOf({ status, text }: Answer): { code: string; message: string; facts: FaultFacts } {
  try {
    return (JSON.parse(text) as { error: { code: string; message: string; facts: FaultFacts } }).error;
  } catch {
    return { code: '', message: `The node answered with status ${status} and no reason.`, facts: {} };
  }
}

function notAnswering({ node, home }: Target, error: Error): Fault {
  const { code = error.message } = error as NodeJS.ErrnoException;
  return new Fault(
    'node-not-running',
    `The node of ${home} (process ${node.pid}) does not answer at ${node.control} (${code}). It may have been killed; start it with "skein up".`,
    { facts: { home, pid: node.pid, control: node.control }, cause: error },
  );
}
