import { describe, expect, it } from 'vitest';
import * as fc from 'fast-check';
import { noConcrete, runConcrete, type Concrete } from '../../src/program/concrete.ts';
import { Memory, threadLocal } from '../../src/program/location.ts';
import type { Steps } from '../../src/program/operation.ts';
import {
  readLocal,
  readOnce,
  update,
  updateLocal,
  writeLock,
  writeOnce,
  writeUnlock,
} from '../../src/program/operations.ts';
import { AS_WRITTEN } from '../../src/program/program.ts';
import { ReadTree } from '../../src/program/read-tree.ts';
import { RecordedRuns } from '../../src/program/recorded.ts';

const memory = new Memory();
const words = ['a', 'b', 'c', 'd'].map((name) => memory.location(name));
const lock = memory.rwlock('lock', { count: 0 });
const own = threadLocal('own', { seen: 0 });

/** Follows values through the words: what it reads next and what it writes depend on what it has read. */
function* chase(start: number): Steps<number> {
  let at = start;
  for (let i = 0; i < 4; i++) {
    const { value } = yield* readOnce(words[at]);
    if (value % 2 === 1) yield* writeOnce(words[(at + 1) % 4], (value + i) % 5);
    at = (at + value) % 4;
  }
  const { seen } = yield* readLocal(own);
  if (seen < 3) yield* updateLocal(own, (draft) => void (draft.seen += 1));
  yield* writeLock(lock);
  if (at > 1) yield* update(lock, (draft) => void (draft.count = (draft.count + at) % 4));
  yield* writeUnlock(lock);
  return at;
}

function plain({ words: values, guarded, locals }: Concrete): unknown {
  return [words.map((word) => values.get(word) ?? 0), guarded.get(lock), locals.get(own)];
}

describe('recorded runs', () => {
  it('do what runs do that are gone through', () => {
    const byText = new Map<string, unknown>();
    const same = (state: unknown): unknown => {
      const text = JSON.stringify(state);
      if (!byText.has(text)) byText.set(text, state);
      return byText.get(text);
    };
    let gone = 0;
    const runs = new RecordedRuns({ proposal: AS_WRITTEN, same });
    const starts = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(
        starts,
        fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 4, maxLength: 4 }),
        (path, first) => {
          const [a, b] = [noConcrete(), noConcrete()];
          for (const state of [a, b]) words.forEach((word, i) => state.words.set(word, first[i]));
          for (const start of path) {
            const body = (): Steps<number> => {
              gone += 1;
              return chase(start);
            };
            const { ending } = runs.run(String(start), body, a);
            expect(ending).toEqual(runConcrete(chase(start), b, { proposal: AS_WRITTEN }));
            expect(plain(a)).toEqual(plain(b));
          }
        },
      ),
      { numRuns: 200 },
    );
    // 4 starts, 5^4 words, 4 counts and 4 locals would be 40 000; the runs were some 4000.
    expect(gone).toBeLessThan(2500);
  });

  it('are told apart by their names, and gone through where somebody watches', () => {
    const runs = new RecordedRuns({ proposal: AS_WRITTEN, same: (state) => state });
    const state = noConcrete();
    expect(runs.run('0', () => chase(0), state).ending).toMatchObject({ value: 0 });
    let steps = 0;
    runs.run(
      '0',
      () => chase(0),
      state,
      () => void (steps += 1),
    );
    expect(steps).toBeGreaterThan(4);
  });
});

describe('a read tree', () => {
  it('forgets everything at its limit, and never says what was not added', () => {
    const tree = new ReadTree<string, number>(2);
    tree.add('f', [['x', 1]], 10);
    tree.add('f', [['x', 2]], 20);
    expect(tree.find('f', () => 1)).toBe(10);
    expect(tree.find('f', () => 3)).toBeUndefined();
    tree.add('f', [['x', 3]], 30);
    expect(tree.find('f', () => 1)).toBeUndefined();
    expect(tree.find('f', () => 3)).toBe(30);
  });

  it('says so when something depends on more than it reads', () => {
    const tree = new ReadTree<string, number>();
    tree.add('f', [['x', 1]], 10);
    expect(() => tree.add('f', [['y', 1]], 20)).toThrow('does not depend on what it reads alone');
  });
});
