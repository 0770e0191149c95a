// Attacks, run as a function. `does` names one; the answer says what came of it.
const { execFile, spawn } = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');

const MB = 1024 ** 2;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const forever = () => new Promise(() => setInterval(() => {}, 1000));

/** What an attempt ended with: `done`, or the system's word for no. */
function attempt(act) {
  try {
    act();
    return 'done';
  } catch (error) {
    return error.code ?? String(error);
  }
}

const attempts = (acts) =>
  Object.fromEntries(Object.entries(acts).map(([name, act]) => [name, attempt(act)]));

/** A program of ours, compiled from C: tries one system call, prints the name of the error or `done`. */
const native = (...args) =>
  new Promise((resolve) => {
    execFile(path.join(__dirname, 'calls'), args, { timeout: 10_000 }, (error, stdout, stderr) => {
      resolve(stdout.trim() || `no answer: ${error?.signal ?? error?.code} ${stderr}`);
    });
  });

function connect({ host, port, timeoutMs = 1_500 }) {
  return new Promise((resolve) => {
    const socket = net.connect({ host, port });
    const end = (word) => {
      socket.destroy();
      resolve(word);
    };
    socket.setTimeout(timeoutMs, () => end('ETIMEDOUT'));
    socket.on('connect', () => end('connected'));
    socket.on('error', (error) => end(error.code));
  });
}

/** What the node answers to bytes, up to its end of the connection, or as much as has come by then. */
function rawAnswer(text, ms = 5_000) {
  const { hostname: host, port } = new URL(process.env.AWS_ENDPOINT_URL);
  return new Promise((resolve) => {
    let answer = '';
    const socket = net.connect({ host, port });
    const end = () => {
      socket.destroy();
      resolve(answer.slice(0, 2_000));
    };
    socket.on('data', (chunk) => (answer += chunk.toString('latin1'))).on('error', end);
    socket.on('close', end).on('connect', () => socket.write(text));
    setTimeout(end, ms);
  });
}

/** Connects to many, a few hundred at once; says which could be reached. */
async function reachable(targets) {
  const left = [...targets];
  const found = [];
  const work = async () => {
    for (let next = left.pop(); next !== undefined; next = left.pop()) {
      if ((await connect(next)) === 'connected') found.push(`${next.host}:${next.port}`);
    }
  };
  await Promise.all(Array.from({ length: 200 }, work));
  return found.sort();
}

/** Every file that can be read, but for the system's own programs. */
function* readableFiles(folder, depth = 0) {
  let entries = [];
  try {
    entries = fs.readdirSync(folder, { withFileTypes: true });
  } catch {
    return;
  }
  for (const entry of entries) {
    const file = path.join(folder, entry.name);
    if (['/usr', '/var/lang', '/proc/kmsg', '/dev'].includes(file)) continue;
    // Each process has all of the tree again below it, as links, and once more for each thread.
    if (/^\/proc\/[^/]+\/(cwd|root|task|fd|map_files)$/.test(file)) continue;
    if (entry.isDirectory()) {
      if (depth < 12) yield* readableFiles(file, depth + 1);
    } else if (entry.isFile()) yield file;
  }
}

function contentOf(file) {
  const buffer = Buffer.alloc(256 * 1024);
  let descriptor;
  try {
    descriptor = fs.openSync(file, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
    return buffer.toString('latin1', 0, fs.readSync(descriptor, buffer, 0, buffer.length, 0));
  } catch {
    return '';
  } finally {
    if (descriptor !== undefined) fs.closeSync(descriptor);
  }
}

const LINE = `${'x'.repeat(1023)}\n`;

const deeds = {
  nothing: () => 'fine',

  'fork bomb': () => {
    spawn('/bin/sh', ['-c', 'bomb() { bomb | bomb & }; bomb; while :; do bomb; done'], { stdio: 'ignore' });
    return forever();
  },
  memory: async () => {
    const kept = [];
    for (;;) {
      kept.push(Buffer.alloc(8 * MB, 1));
      await sleep(1);
    }
  },
  'memory of children': () => {
    const hog = 'const kept = []; setInterval(() => kept.push(Buffer.alloc(8e6, 1)), 2)';
    for (let n = 0; n < 4; n++) spawn(process.execPath, ['-e', hog], { stdio: 'ignore' });
    return forever();
  },
  churn: () => {
    let sum = 0;
    for (let n = 0; n < 1024; n++) sum += Buffer.from('x'.repeat(MB)).length;
    return sum;
  },
  spin: () => {
    for (;;);
  },
  /** A heap of this size, all of it alive at the end. */
  heap: ({ mb }) => {
    const kept = [];
    for (let n = 0; n < mb; n++) kept.push(new Array(MB / 8).fill(n + 0.5));
    return kept.length;
  },
  /** Works without a pause for this long. @returns the part of a processor that it was given */
  share: ({ ms }) => {
    const until = performance.now() + ms;
    const [began, before] = [performance.now(), process.cpuUsage()];
    while (performance.now() < until);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1_000 / (performance.now() - began);
  },

  'fill tmp': ({ mb }) => {
    const block = Buffer.alloc(MB, 1);
    const descriptor = fs.openSync('/tmp/large', 'w');
    let written = 0;
    const code = attempt(() => {
      while (written < mb * MB) written += fs.writeSync(descriptor, block);
    });
    fs.closeSync(descriptor);
    return { code, mb: Math.floor(written / MB) };
  },
  'tiny files': ({ count }) => {
    let made = 0;
    let folder = '';
    const code = attempt(() => {
      for (; made < count; made++) {
        if (made % 1_000 === 0) {
          folder = `/tmp/${made}`;
          fs.mkdirSync(folder);
        }
        fs.writeFileSync(`${folder}/${made}`, 'x');
      }
    });
    return { code, made };
  },
  print: () => {
    for (let n = 0; n < 1024 ** 2; n++) process.stdout.write(LINE);
    return 'fine';
  },

  'read files': ({ files }) =>
    Object.fromEntries(files.map((file) => [file, attempt(() => fs.readFileSync(file))])),
  /** Which of these words are to be found in anything that can be read here. */
  search: ({ words }) => {
    const found = new Set();
    let files = 0;
    for (const file of readableFiles('/')) {
      files += 1;
      const text = contentOf(file);
      for (const word of words) if (text.includes(word)) found.add(word);
    }
    return { found: [...found].sort(), files };
  },
  'write code': () =>
    attempts({
      change: () => fs.writeFileSync(__filename, 'x'),
      add: () => fs.writeFileSync('/var/task/more.js', 'x'),
      link: () => fs.symlinkSync('/etc', '/var/task/link'),
      move: () => fs.renameSync('/var/task', '/var/other'),
      replace: () => fs.symlinkSync('/tmp', '/var/runtime/link'),
      remove: () => fs.unlinkSync(__filename),
      mode: () => fs.chmodSync(__filename, 0o777),
      system: () => fs.writeFileSync('/usr/bin/evil', 'x'),
      etc: () => fs.writeFileSync('/etc/passwd', 'x'),
      root: () => fs.mkdirSync('/evil'),
      descriptor: () => fs.writeFileSync(`/proc/self/fd/${fs.openSync(__filename, 'r')}`, 'x'),
    }),
  /** Puts links where a node that works in these folders might follow them, as fast as it can. */
  'race of links': async ({ ms }) => {
    const end = Date.now() + ms;
    let turns = 0;
    const words = new Set();
    while (Date.now() < end) {
      for (const target of ['/etc', '/var/task', '/']) {
        fs.rmSync('/tmp/task', { force: true });
        fs.symlinkSync(target, '/tmp/task');
        words.add(attempt(() => fs.renameSync('/tmp/task', '/var/task')));
        words.add(attempt(() => fs.symlinkSync('/tmp', '/var/task-new')));
        turns += 1;
      }
      await new Promise(setImmediate);
    }
    return { turns, words: [...words].sort() };
  },

  connect: async ({ targets }) => ({ reached: await reachable(targets) }),
  'own address': () => os.networkInterfaces().eth0?.[0]?.address,
  listen: async ({ port }) => {
    await new Promise((resolve, reject) =>
      net.createServer().listen(port, '0.0.0.0', resolve).on('error', reject),
    );
    return { address: deeds['own address'](), itself: await connect({ host: '127.0.0.1', port }) };
  },
  native: async ({ calls }) => {
    const answers = {};
    for (const call of calls) answers[call] = await native(call);
    return answers;
  },
  run: ({ command }) =>
    new Promise((resolve) => {
      execFile('/bin/sh', ['-c', command], { timeout: 10_000 }, (error, stdout, stderr) =>
        resolve({
          code: error === null ? 0 : (error.code ?? error.signal),
          text: `${stdout}${stderr}`.slice(0, 2_000),
        }),
      );
    }),

  signals: async ({ pids }) => {
    const single = Object.fromEntries(pids.map((pid) => [pid, attempt(() => process.kill(pid, 'SIGKILL'))]));
    return { single, everybody: await native('kill-all') };
  },
  'slow requests': async ({ count, ms }) => {
    const { hostname: host, port } = new URL(process.env.AWS_CONTAINER_CREDENTIALS_FULL_URI);
    const sockets = Array.from({ length: count }, () => net.connect({ host, port }).on('error', () => {}));
    const drip = setInterval(() => {
      for (const socket of sockets) if (socket.writable) socket.write('G');
    }, 100);
    await sleep(ms);
    const open = sockets.filter((socket) => socket.readyState === 'open').length;
    clearInterval(drip);
    for (const socket of sockets) socket.destroy();
    return { open };
  },
  credentials: async () => {
    const token = process.env.AWS_CONTAINER_AUTHORIZATION_TOKEN;
    const answer = await fetch(process.env.AWS_CONTAINER_CREDENTIALS_FULL_URI, {
      headers: { authorization: token },
    });
    return { ...(await answer.json()), ownToken: token, host: new URL(process.env.AWS_ENDPOINT_URL).host };
  },
  /** Each over a connection of its own, as it is; answers are cut. */
  'raw requests': ({ requests }) => Promise.all(requests.map((text) => rawAnswer(text))),
  /** Requests whose bodies begin and never end; says what they were answered by then. */
  'half bodies': async ({ head, count, bytes, ms }) => {
    const text = Buffer.concat([Buffer.from(head), Buffer.alloc(bytes, 'x')]);
    return await Promise.all(Array.from({ length: count }, () => rawAnswer(text, ms)));
  },
  'garbage on the channel': async () => {
    fs.writeSync(3, Buffer.from('ffffffffffffffffffffffffffffffff00', 'hex'));
    fs.writeSync(3, Buffer.alloc(60_000, 'garbage'));
    await sleep(500);
    return 'fine';
  },
  'live on': () => {
    const script = 'trap "" TERM HUP; while :; do :; done';
    spawn('setsid', ['/bin/sh', '-c', script], { detached: true, stdio: 'ignore' }).unref();
    return 'fine';
  },
};

// For those who look for secrets: where an instance has what is its own.
if (process.env.SECRET !== undefined) fs.writeFileSync('/tmp/secret', `${process.env.SECRET}-in-tmp`);

exports.handler = async (event) => deeds[event.does](event);
