/** An app whose functions do wrong what the event (`does`, or the query's) asks for, or answer `fine`. */

const NODE = `
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const kept = [];
const LINE = 'x'.repeat(999) + '\\n';
const deeds = {
  nothing: () => 'fine',
  never: () => new Promise(() => setInterval(() => {}, 1000)),
  spin: () => { for (;;); },
  throw: () => { throw new RangeError('thrown'); },
  reject: () => Promise.reject(new TypeError('rejected')),
  'exit 1': () => process.exit(1),
  'exit 0': () => process.exit(0),
  buffers: async () => { for (;;) { kept.push(Buffer.alloc(8e6, 1)); await sleep(5); } },
  heap: async () => { for (;;) { for (let n = 0; n < 1e5; n++) kept.push({ n }); await sleep(1); } },
  '20 MB': () => 'x'.repeat(20e6),
  cyclic: () => { const it = {}; it.it = it; return it; },
  print: () => { for (let n = 0; n < 1e5; n++) process.stdout.write(LINE); return 'fine'; },
  'reject later': () => { Promise.reject(new Error('later')); return 'fine'; },
  'throw later': () => { setImmediate(() => { throw new Error('later'); }); return 'fine'; },
  'throw next': () => { process.nextTick(() => { throw new Error('next'); }); return 'fine'; },
};
exports.handler = async (event) => deeds[event.does ?? event.queryStringParameters.does]();
`;

const PYTHON = `
import os
import sys
import time

def memory():
    kept = []
    while True:
        kept.append(b"x" * 8_000_000)
        time.sleep(0.005)

def fail():
    raise ValueError("thrown")

def flood():
    for _ in range(100_000):
        print("x" * 999)
    return "fine"

DEEDS = {
    "nothing": lambda: "fine",
    "never": lambda: time.sleep(600),
    "throw": fail,
    "exit 1": lambda: sys.exit(1),
    "os exit": lambda: os._exit(1),
    "memory": memory,
    "20 MB": lambda: "x" * 20_000_000,
    "a set": lambda: {1},
    "print": flood,
}

def handler(event, context):
    return DEEDS[event.get("does") or event["queryStringParameters"]["does"]]()
`;

const node = (timeout: string, more = '') =>
  `{ runtime: nodejs24.x, handler: index.handler, code: ./node, timeout: ${timeout}${more} }`;
const python = (timeout: string, more = '') =>
  `{ runtime: python3.11, handler: app.handler, code: ./python, timeout: ${timeout}${more} }`;

/** `failing-quick…` have a timeout of 1 s; `…-http` are the same again, for callers who see no report. */
export const FAILING_APP = {
  'skein.yaml': `app: failing
functions:
  node: ${node('30s')}
  node-http: ${node('30s')}
  quick: ${node('1s')}
  quick-http: ${node('1s')}
  after: ${node('30s')}
  flood: ${node('60s')}
  init: { runtime: nodejs24.x, handler: index.handler, code: ./init }
  init-http: { runtime: nodejs24.x, handler: index.handler, code: ./init }
  python: ${python('30s')}
  python-http: ${python('30s')}
  quick-python: ${python('1s')}
  quick-python-http: ${python('1s')}
  flood-python: ${python('60s')}
`,
  'node/index.js': NODE,
  'init/index.js': 'process.exit(1);',
  'python/app.py': PYTHON,
};
