import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scram } from './scram.ts';

/** RFC 7677, section 3, with the user that PostgreSQL wants: none. Proof and signature are computed anew for that. */
const SERVER_FIRST = 'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096';

test('a challenge is answered, and the server must prove itself', async () => {
  const made = scram('pencil', 'rOprNGfwEbeRWgbNEkqO');
  assert.equal(made.first, 'n,,n=,r=rOprNGfwEbeRWgbNEkqO');
  const answer = await made.respond(SERVER_FIRST);
  assert.match(
    answer,
    /^c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj\)hNlF\$k0,p=[A-Za-z0-9+/]{43}=$/,
  );
  assert.throws(() => made.verify('v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4='), /could not prove/);
  assert.throws(() => made.verify('e=other-error'), /could not prove/);
});

test('a challenge that is not an answer to ours is refused', async () => {
  for (const first of [
    'r=other,s=AAAA,i=4096',
    'r=mine,s=AAAA,i=4096',
    'r=mineX,s=AAAA,i=0',
    'r=mineX,s=AAAA,i=999999999',
    '',
  ]) {
    await assert.rejects(scram('p', 'mine').respond(first), /makes no sense/, first);
  }
});
