import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { boot, call, callError, recordsOf, work } from './guest-fixture.ts';

suite('the Node.js runtime: streams', () => {
  test('the first bytes arrive while the handler still runs', async () => {
    await using running = await boot({
      files: {
        'index.js': `exports.handler = awslambda.streamifyResponse(async (event, stream) => {
          stream.setContentType('text/plain');
          const alive = setInterval(() => {}, 60_000);
          const signalled = new Promise((resolve) => process.once('SIGUSR2', resolve));
          stream.write('first');
          await signalled;
          clearInterval(alive);
          stream.write({ any: 'value' });
          stream.end('last');
        });`,
      },
    });
    const answer = await running.guest.invoke(work({}));
    assert.equal(answer.kind, 'stream');
    if (answer.kind !== 'stream') return;
    assert.equal(answer.contentType, 'text/plain');
    const pieces: string[] = [];
    for await (const piece of answer.body) {
      if (pieces.length === 0) running.child.kill('SIGUSR2');
      pieces.push(String(piece));
    }
    assert.deepEqual([pieces[0], pieces.join('')], ['first', 'first{"any":"value"}last']);
    assert.equal(await answer.ended, null);
  });

  test('HttpResponseStream puts a prelude of JSON and eight zero bytes first', async () => {
    await using running = await boot({
      files: {
        'index.mjs': `import { pipeline } from 'node:stream/promises';
        import { Readable } from 'node:stream';
        export const handler = awslambda.streamifyResponse(async (event, stream) => {
          const http = awslambda.HttpResponseStream.from(stream, { statusCode: 201, headers: { a: 'b' } });
          await pipeline(Readable.from(event.pieces), http);
        });`,
      },
    });
    for (const pieces of [['one', 'two'], []]) {
      const answer = await running.guest.invoke(work({ pieces }));
      assert.equal(answer.kind, 'stream');
      if (answer.kind !== 'stream') return;
      assert.equal(answer.contentType, 'application/vnd.awslambda.http-integration-response');
      const body = Buffer.concat(await answer.body.toArray()).toString();
      assert.equal(body, `{"statusCode":201,"headers":{"a":"b"}}${'\0'.repeat(8)}${pieces.join('')}`);
      assert.equal(await answer.ended, null);
    }
  });

  test('a slow reader holds the handler back, and gets every byte', async () => {
    await using running = await boot({
      files: {
        'index.js': `exports.handler = awslambda.streamifyResponse(async (event, stream) => {
          let full = 0;
          for (let i = 0; i < 400; i++) {
            if (!stream.write(Buffer.alloc(65536, i))) { full++; await new Promise((resolve) => stream.once('drain', resolve)); }
          }
          stream.end(String(full));
        });`,
      },
    });
    const answer = await running.guest.invoke(work({}));
    assert.equal(answer.kind, 'stream');
    if (answer.kind !== 'stream') return;
    let bytes = 0;
    let tail = '';
    for await (const piece of answer.body) {
      bytes += piece.length;
      tail = String(piece).slice(-3);
      if (bytes % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal(bytes, 400 * 65_536 + 3);
    assert.equal(tail, '400');
    assert.equal(await answer.ended, null);
  });

  test('an error in mid-stream reaches the reader after the bytes before it', async () => {
    await using running = await boot({
      files: {
        'index.js': `exports.handler = awslambda.streamifyResponse(async (event, stream) => {
          if (event.ok) return void stream.end('fine');
          stream.write('some'); await new Promise(setImmediate); throw new RangeError('broken');
        });`,
      },
    });
    const answer = await running.guest.invoke(work({}));
    assert.equal(answer.kind, 'stream');
    if (answer.kind !== 'stream') return;
    const error = await answer.ended;
    assert.equal(error?.errorType, 'RangeError');
    const seen: string[] = [];
    await assert.rejects(async () => {
      for await (const piece of answer.body) seen.push(String(piece));
    }, /RangeError/);
    assert.deepEqual(seen, ['some']);
    const next = await running.guest.invoke(work({ ok: true }));
    assert.equal(next.kind === 'stream' && Buffer.concat(await next.body.toArray()).toString(), 'fine');
  });

  test('an error before the first byte is an ordinary error', async () => {
    await using running = await boot({
      files: {
        'index.js':
          'exports.handler = awslambda.streamifyResponse(async () => { throw new TypeError("early"); });',
      },
    });
    assert.equal((await callError(running.guest)).errorType, 'TypeError');
  });

  test('a stream that is never ended is an error', async () => {
    await using running = await boot({
      files: {
        'index.js': 'exports.handler = awslambda.streamifyResponse(async (e, s) => { s.write("a"); });',
      },
    });
    const answer = await running.guest.invoke(work({}));
    assert.equal(answer.kind, 'stream');
    if (answer.kind !== 'stream') return;
    answer.body.resume().on('error', () => {});
    assert.match(String((await answer.ended)?.payload), /Response stream is not finished/);
  });

  test('a reader that leaves does not stop the handler, and the next invocation works', async () => {
    await using running = await boot({
      files: {
        'index.js': `exports.handler = awslambda.streamifyResponse(async (event, stream) => {
          for (let i = 0; i < event.pieces; i++) if (!stream.write(Buffer.alloc(65536))) await new Promise((r) => stream.once('drain', r));
          stream.end();
        });`,
      },
    });
    const answer = await running.guest.invoke(work({ pieces: 200 }));
    assert.equal(answer.kind, 'stream');
    if (answer.kind !== 'stream') return;
    answer.body.destroy();
    assert.equal(await answer.ended, null);
    const next = await running.guest.invoke(work({ pieces: 1 }));
    assert.equal(next.kind === 'stream' && Buffer.concat(await next.body.toArray()).length, 65_536);
  });
});

suite('the Node.js runtime: output', () => {
  test('messages of console carry their request and level, prints are cut into lines', async () => {
    await using running = await boot({
      files: {
        'index.js': `console.log('at init');
        exports.handler = async () => {
          console.log('%s is %d', 'a', 1); console.warn('careful'); console.error(new Error('shown').message);
          console.debug({ a: 1 }); console.info('two\\nlines'); console.log(JSON.stringify({ level: 'json' }));
          process.stdout.write('par'); process.stdout.write('tial\\nand '); process.stderr.write('err\\n');
          process.stdout.write(Buffer.from('é\\n\\nb\\n'));
          console.table([{ a: 1 }]);
        };`,
      },
    });
    await call(running.guest, {}, { requestId: 'req-a' });
    await call(running.guest, {}, { requestId: 'req-b' });
    const records = recordsOf(await running.output());
    assert.deepEqual(records[0], { requestId: '-', level: 'INFO', text: 'at init' });
    const first = records.filter((r) => r.requestId === 'req-a').map((r) => [r.level, r.text]);
    assert.deepEqual(first.slice(0, 11), [
      ['INFO', 'a is 1'],
      ['WARN', 'careful'],
      ['ERROR', 'shown'],
      ['DEBUG', '{ a: 1 }'],
      ['INFO', 'two\nlines'],
      ['INFO', '{"level":"json"}'],
      ['-', 'partial'],
      ['-', 'err'],
      ['-', 'and é'],
      ['-', ''],
      ['-', 'b'],
    ]);
    assert.equal(records.filter((r) => r.level === 'raw').length, 0);
    assert.equal(records.filter((r) => r.requestId === 'req-b').length, first.length);
  });

  test('a print of 100 MB succeeds, as one message and as many lines', async () => {
    await using running = await boot({
      files: {
        'index.js': `exports.handler = async (event) => {
          // As an output that was opened non-blocking elsewhere: it is full most of the time.
          globalThis.output ??= new (require('node:net').Socket)({ fd: 1 }).unref();
          if (event.one) console.log('é'.repeat(50_000_000));
          else for (let i = 0; i < 1000; i++) process.stdout.write('x'.repeat(99_999) + '\\n');
          return 'printed';
        };`,
      },
    });
    const seen = { bytes: 0 };
    running.child.stdout?.on('data', (piece: Buffer) => {
      seen.bytes += piece.length;
    });
    assert.equal(await call(running.guest, { one: true }), 'printed');
    assert.equal(await call(running.guest, {}), 'printed');
    const lengths = recordsOf(await running.output()).map((r) => Buffer.byteLength(r.text));
    assert.equal(lengths[0], 100_000_000);
    assert.equal(
      lengths.slice(1).reduce((sum, length) => sum + length, 0),
      99_999_000,
    );
    assert.ok(seen.bytes > 199_000_000);
  });
});
