/** What `skein init` writes: one function, by what calls it, in each language that there is a starter for. */

export interface Template {
  /** The function's key, and its folder. */
  readonly key: string;
  /** Of the manifest, beside the function. */
  readonly app?: string;
  /** Of the manifest: the function's keys beside runtime, handler and code. */
  readonly function: string;
  /** By runtime. */
  readonly handlers: Readonly<Record<string, { readonly file: string; readonly content: string }>>;
  /** Words of the command that calls it, once it is deployed; absent: what the deploy prints will do. */
  readonly call?: (app: string) => readonly string[];
}

const node = (content: string) => ({ file: 'index.ts', content });
const python = (content: string) => ({ file: 'index.py', content });

const http: Template = {
  key: 'hello',
  function: `    routes: [ "GET /" ]\n`,
  handlers: {
    'nodejs24.x': node(`/** Answers GET / and GET /?name=Ada with a greeting. */
export async function handler(event: { queryStringParameters?: Record<string, string> }) {
  const name = event.queryStringParameters?.name ?? 'world';
  console.log('greeting', name);
  return { greeting: \`Hello, \${name}!\` };
}
`),
    'python3.11': python(`def handler(event, context):
    """Answers GET / and GET /?name=Ada with a greeting."""
    name = (event.get("queryStringParameters") or {}).get("name", "world")
    print("greeting", name)
    return {"greeting": f"Hello, {name}!"}
`),
  },
};

const queue: Template = {
  key: 'worker',
  app: `queues: { jobs: { maxReceiveCount: 5, deadLetter: failed }, failed: {} }\n`,
  function: `    triggers: [ { queue: jobs, batch: 10, partial: true } ]\n`,
  handlers: {
    'nodejs24.x':
      node(`/** Does the jobs of a batch. One that fails comes back, and after five times goes to the queue "failed". */
export async function handler(event: { Records: { messageId: string; body: string }[] }) {
  const batchItemFailures: { itemIdentifier: string }[] = [];
  for (const { messageId, body } of event.Records) {
    try {
      console.log('job', JSON.parse(body));
    } catch (error) {
      console.error('failed', body, error);
      batchItemFailures.push({ itemIdentifier: messageId });
    }
  }
  return { batchItemFailures };
}
`),
    'python3.11': python(`import json


def handler(event, context):
    """Does the jobs of a batch. One that fails comes back, and after five times goes to the queue "failed"."""
    failures = []
    for record in event["Records"]:
        try:
            print("job", json.loads(record["body"]))
        except Exception as error:
            print("failed", record["body"], error)
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}
`),
  },
  call: (app) => ['queue', 'send', `${app}-jobs`, '--data', '{"n":1}'],
};

const schedule: Template = {
  key: 'report',
  function: `    triggers: [ { schedule: "cron(0 8 ? * MON-FRI *)", timezone: UTC } ]\n`,
  handlers: {
    'nodejs24.x': node(`/** Runs on working days at eight. \`time\` is the moment that it was due. */
export async function handler(event: { time: string }) {
  console.log('report of', event.time);
}
`),
    'python3.11': python(`def handler(event, context):
    """Runs on working days at eight. "time" is the moment that it was due."""
    print("report of", event["time"])
`),
  },
  call: (app) => ['schedule', 'run', `${app}-report`],
};

/** By what calls the function. */
export const TEMPLATES: Readonly<Record<string, Template>> = { http, queue, schedule };
