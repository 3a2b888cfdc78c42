/** Everything that is not understood says where, and nothing hangs or crashes. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Mark } from '../../../src/memory/event.ts';
import { enumerate } from '../../../src/explore/enumerate.ts';
import { loadCat } from '../../../src/litmus/cat/index.ts';
import { unnamedEvents } from '../../../src/litmus/cat/event-names.ts';
import { FencepostError } from '../../../src/program/error.ts';
import { load, store } from '../../../src/program/operations.ts';
import { BehaviourTree } from '../../../src/program/tree.ts';
import { litmus } from '../../support/litmus.ts';
import { fuzzRuns } from '../../support/fuzz.ts';
import { modelOf, readModelFile } from './support.ts';

/** «code file:line:column message» of what a memory model throws; undefined if it runs. */
function complaint(text: string, others: Readonly<Record<string, string>> = {}): string | undefined {
  try {
    const program = litmus(
      function* ({ x, y }) {
        yield* store(x, 1, Mark.Once);
        yield* load(y, Mark.Plain);
      },
      function* ({ x, y }) {
        yield* store(y, 1, Mark.Release);
        yield* load(x, Mark.Acquire);
      },
    );
    enumerate(new BehaviourTree(program), modelOf(text, others));
    return undefined;
  } catch (error) {
    if (!(error instanceof FencepostError)) throw error;
    const { file, line, column } = error.place;
    expect([typeof file, typeof line, typeof column]).toEqual(['string', 'number', 'number']);
    return `${error.code} ${file}:${line}:${column} ${error.message}`;
  }
}

describe('messages', () => {
  it.each([
    ['let x = (* open', 'cat-syntax model.cat:1:9 comment without end'],
    ['include "cos', 'cat-syntax model.cat:1:9 string without end'],
    ['let x = po $ rf', 'cat-syntax model.cat:1:12 "$" means nothing here'],
    [
      'let x = \n  po |',
      'cat-syntax model.cat:2:7 the end of the file makes no sense where an expression belongs',
    ],
    ['let x po', 'cat-syntax model.cat:1:9 the definition wants «=», not the end of the file'],
    ['let = po', 'cat-syntax model.cat:1:5 «=» makes no sense as the name of a definition'],
    ['let x = (po', 'cat-syntax model.cat:1:12 the bracket wants «)», not the end of the file'],
    ['flag ~empty po', 'cat-syntax model.cat:1:15 a flag wants a name'],
    ['flag po as x', 'cat-syntax model.cat:1:6 a check is one of acyclic, irreflexive, empty'],
    ['"t" po', 'cat-syntax model.cat:1:5 «po» makes no sense at the start of a statement'],
    ['forall x in W do end', 'cat-syntax model.cat:1:1 «forall» is not supported'],
    ['if W = R acyclic po end', 'cat-syntax model.cat:1:1 only variants decide which statements count'],
    ['let rec (a, b) = po', 'cat-syntax model.cat:1:9 a recursive definition wants a name'],
    ['empty po ; nowhere', 'cat-name model.cat:1:12 nothing defines «nowhere»'],
    ['call sort(po)', 'cat-name model.cat:1:1 there is no procedure «sort»'],
    ["enum Accesses = 'once", "cat-name model.cat:1:1 'once is spelt otherwise here"],
    ['empty W | po', 'cat-type model.cat:1:7 «|» cannot join a set of events and a relation'],
    ['empty po ; W', 'cat-type model.cat:1:7 «;» wants a relation, not a set of events'],
    ['empty [po]', 'cat-type model.cat:1:7 «[ ]» wants a set of events, not a relation'],
    ['empty po(W)', 'cat-type model.cat:1:7 only functions can be applied, not a relation'],
    ['acyclic domain', 'cat-type model.cat:1:9 acyclic wants a relation, not a function'],
    ['let f(a, b) = a\nempty f(po)', 'cat-type model.cat:2:7 2 values are wanted, not a relation'],
    ['let f(a, b) = a\nempty f(po, po, po)', 'cat-type model.cat:2:7 2 values are wanted, not 3'],
    ["empty match 'a with 'b -> po end", "cat-type model.cat:1:7 no case for 'a"],
    ['include "nowhere.cat"', 'cat-file model.cat:1:1 there is no file "nowhere.cat"'],
    ['let rec f x = f x\nempty f po', 'cat-limit model.cat:1:15 more than 200 nested calls'],
    ['let rec r = ~r\nempty r', 'cat-limit model.cat:1:1 this recursive definition has no fixpoint'],
    ['with s from linearisations(F | M, 0)', 'cat-choice model.cat:1:13 only the writes'],
    ['with s from {po, id}', 'cat-choice model.cat:1:1 «with s» chooses something other than rf and co'],
    ['with s from po', 'cat-type model.cat:1:1 with s wants a set of relations, not a relation'],
  ])('%j', (text, message) => expect(complaint(text)).toContain(message));

  it('name the file that is included, or the bell file', () => {
    expect(complaint('include "a.cat"', { 'a.cat': '\nlet x = |' })).toContain('cat-syntax a.cat:2:9');
    expect(complaint('empty po', { 'model.bell': 'enum = ' })).toContain('cat-syntax model.bell:1:6');
    expect(() => loadCat('no.cat', () => undefined)).toThrow('there is no file no.cat');
  });

  it('files that include each other are read once', () =>
    expect(complaint('include "a.cat"', { 'a.cat': 'include "model.cat"\nlet a = po' })).toBeUndefined());

  it('nesting and recursion come to an end', () => {
    expect(complaint(`empty ${'('.repeat(5000)}po`)).toContain('cat-limit');
    expect(complaint(`empty ${'~'.repeat(5000)}po`)).toContain('cat-limit');
    expect(complaint(`empty po${'+ ?'.repeat(5000)}`)).toContain('cat-limit');
    expect(complaint(`empty po${' \\ po'.repeat(5000)}`)).toContain('cat-limit');
    expect(complaint(`${'if "x" '.repeat(5000)}`)).toContain('cat-limit');
    expect(complaint('let rec f x = f x | f x\nempty f po')).toContain('cat-limit');
    expect(complaint(`let f0 x = x\n${doubling(40)}\nempty f40 po`)).toContain('cat-limit');
    expect(complaint(`procedure p0(x) = empty x end\n${procedures(40)}\ncall p40(po)`)).toContain(
      'cat-limit',
    );
  });
});

function doubling(count: number): string {
  return Array.from({ length: count }, (_, i) => `let f${i + 1} x = f${i} x | f${i} x`).join('\n');
}

function procedures(count: number): string {
  return Array.from(
    { length: count },
    (_, i) => `procedure p${i + 1}(x) = call p${i}(x) call p${i}(x) end`,
  ).join('\n');
}

it('the table of names knows every kind, mark and fence', () => expect(unnamedEvents()).toEqual([]));

describe('whatever is written, a memory model runs or says where it goes wrong', () => {
  const sources = ['lkmm.bell', 'lkmm.cat', 'locks.cat', 'rcu.cat', 'sc.cat', 'x86-tso.cat'].map(
    (path) => readModelFile(path) ?? '',
  );
  const words = sources.flatMap((text) => text.match(/[A-Za-z-]+|\S/g) ?? []);
  const locks = {
    'locks.cat': sources[2],
    'rcu.cat': sources[3],
    'lkmm.bell': sources[0],
    'model.bell': sources[0],
  };

  it('mutated files', () => {
    const mutation = fc.record({
      at: fc.nat({ max: 9999 }),
      drop: fc.nat({ max: 12 }),
      word: fc.constantFrom(...words, ''),
    });
    fc.assert(
      fc.property(
        fc.constantFrom(...sources),
        fc.array(mutation, { minLength: 1, maxLength: 3 }),
        (source, mutations) => {
          const text = mutations.reduce((before, { at, drop, word }) => {
            const from = at % before.length;
            return `${before.slice(0, from)}${word}${before.slice(from + drop)}`;
          }, source);
          complaint(text, locks);
        },
      ),
      fuzzRuns(250),
    );
  });

  it('truncated files', () => {
    fc.assert(
      fc.property(fc.constantFrom(...sources), fc.nat({ max: 9999 }), (source, at) => {
        complaint(source.slice(0, at % source.length), locks);
      }),
      fuzzRuns(100),
    );
  });

  it('words in any order', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...words), { maxLength: 30 }),
        (list) => void complaint(list.join(' ')),
      ),
      fuzzRuns(300),
    );
  });

  it('random characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => void complaint(text)),
      fuzzRuns(300),
    );
  });
});
