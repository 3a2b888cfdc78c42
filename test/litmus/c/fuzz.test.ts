import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runLitmus } from '../../../src/cli/litmus/run.ts';
import { readLitmus } from '../../../src/litmus/read.ts';
import { lkmm } from '../../../src/memory/lkmm/index.ts';
import { FencepostError } from '../../../src/program/error.ts';
import { fuzzRuns } from '../../support/fuzz.ts';

const folder = new URL('./shapes/', import.meta.url);
const texts = readdirSync(folder).map((name) => readFileSync(new URL(name, folder), 'utf8'));
const WORDS = [
  '(*',
  '*)',
  '{',
  '}',
  '(',
  ')',
  ';',
  '*',
  '&',
  '=',
  '"',
  'P1',
  'if',
  'else',
  'READ_ONCE',
  'xchg',
  '0',
  '~',
  '/\\',
  'exists',
  ':',
  '[',
  '-',
  'int',
  'x',
];

/** Reads and runs the text: it is accepted, or refused with a place inside it. A clock that runs bounds the run. */
function survives(text: string): void {
  let clock = 0;
  try {
    runLitmus(readLitmus(text, 'fuzz.litmus'), lkmm, { engine: 'graph', maxTime: 4, now: () => ++clock });
  } catch (error) {
    if (!(error instanceof FencepostError)) throw error;
    const { file, line = 0, column = 0 } = error.place;
    expect(file).toBe('fuzz.litmus');
    const lines = text.split('\n');
    expect(line).toBeGreaterThanOrEqual(1);
    expect(line).toBeLessThanOrEqual(lines.length);
    expect(column).toBeGreaterThanOrEqual(1);
    expect(column).toBeLessThanOrEqual(lines[line - 1].length + 1);
  }
}

const sample = fc.constantFrom(...texts);

describe('whatever is fed in is accepted or refused with its place', () => {
  it('truncated tests', () => {
    fc.assert(
      fc.property(sample, fc.nat(1000), (text, at) => survives(text.slice(0, at % (text.length + 1)))),
      fuzzRuns(400),
    );
  });

  it('tests with words put in, taken out and swapped', () => {
    const edit = fc.record({ at: fc.nat(1000), drop: fc.nat(6), put: fc.constantFrom('', ...WORDS) });
    fc.assert(
      fc.property(sample, fc.array(edit, { minLength: 1, maxLength: 4 }), (text, edits) => {
        let mutated = text;
        for (const { at, drop, put } of edits) {
          const from = at % (mutated.length + 1);
          mutated = mutated.slice(0, from) + put + mutated.slice(from + drop);
        }
        survives(mutated);
      }),
      fuzzRuns(1000),
    );
  });

  it('pieces of two tests', () => {
    fc.assert(
      fc.property(sample, sample, fc.nat(1000), fc.nat(1000), (one, other, a, b) => {
        survives(one.slice(0, a % (one.length + 1)) + other.slice(b % (other.length + 1)));
      }),
      fuzzRuns(400),
    );
  });

  it('tokens in any order', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...WORDS), { maxLength: 60 }), (words) => {
        survives(`C fuzz\n{}\nP0(int *x) { ${words.join(' ')} }\nexists (x=1)`);
        survives(`C fuzz\n{}\nP0(int *x) { }\n${words.join(' ')}`);
        survives(`C fuzz\n{ ${words.join(' ')}`);
      }),
      fuzzRuns(400),
    );
  });

  it('random text and random bytes', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), survives), fuzzRuns(300));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) =>
        survives(`C ${Buffer.from(bytes).toString('utf8')}`),
      ),
      fuzzRuns(300),
    );
  });

  it('depth and length without end', () => {
    for (const piece of [
      '(',
      '*',
      '!',
      '{',
      'if (1) ',
      '1 + ',
      '(* ',
      'x, ',
      'READ_ONCE(',
      'not (',
      '0:r0=1 /\\ ',
    ]) {
      const long = piece.repeat(20_000);
      survives(`C deep\n{}\nP0(int *x) { int r = ${long}1; }\nexists (x=1)`);
      survives(`C deep\n{}\nP0(int *x) { ${long}; }\nexists (x=1)`);
      survives(`C deep\n{}\nP0(int *x) { }\nexists (${long}x=1)`);
      survives(`C deep\n{ ${long} }\nP0(int *x) { }\nexists (x=1)`);
      survives(`C deep\n${long}`);
    }
  });
});
