/** Locations that a lock guards (decision 23): what is not tried there, and that nothing is lost by it. */
import { describe, expect, it } from 'vitest';
import { construct } from '../../src/explore/explorer.ts';
import { lkmm } from '../../src/memory/lkmm/index.ts';
import { Memory, type Location, type Lock } from '../../src/program/location.ts';
import type { Steps } from '../../src/program/operation.ts';
import {
  branch,
  readOnce,
  readPlain,
  spinLock,
  spinTrylock,
  spinUnlock,
  writeOnce,
  writePlain,
} from '../../src/program/operations.ts';
import { defineProgram, type Program } from '../../src/program/program.ts';
import { BehaviourTree } from '../../src/program/tree.ts';
import { compare, report } from '../support/agreement.ts';

interface Shared {
  readonly lock: Lock<null>;
  readonly at: (name: string) => Location;
}

function program(...bodies: ((shared: Shared) => Steps)[]): Program {
  const memory = new Memory();
  const shared: Shared = {
    lock: memory.spinlock('lock', null),
    at: (name) => memory.location(name),
  };
  for (const name of ['x', 'y', 'z', 'a', 'b', 'c']) shared.at(name);
  return defineProgram(
    'guards',
    memory,
    bodies.map((body, t) => ({ name: `CPU${t}`, body: () => body(shared) })),
  );
}

function* increment({ lock, at }: Shared): Steps {
  yield* spinLock(lock);
  const x = yield* readPlain(at('x'));
  yield* writePlain(at('x'), x.value + 1, { data: [x] });
  yield* spinUnlock(lock);
}

function* look({ at }: Shared): Steps {
  yield* readPlain(at('x'));
}

/** Sees something only where stores are delayed, and then writes without the lock. */
function* delayed({ at }: Shared): Steps {
  yield* writeOnce(at('a'), 1);
  const b = yield* readOnce(at('b'));
  const c = yield* readOnce(at('c'));
  if ((yield* branch(b)) === 0 && (yield* branch(c)) === 1) yield* writePlain(at('x'), 5);
}

function* alsoDelayed({ at }: Shared): Steps {
  yield* writeOnce(at('b'), 1);
  const a = yield* readOnce(at('a'));
  if ((yield* branch(a)) === 0) yield* writeOnce(at('c'), 1);
}

/** What is stored within the section comes from outside it, through accesses that race. */
function* copies({ lock, at }: Shared): Steps {
  yield* spinLock(lock);
  const y = yield* readPlain(at('y'));
  yield* writePlain(at('x'), y.value, { data: [y] });
  yield* spinUnlock(lock);
}

function* follows({ lock, at }: Shared): Steps {
  yield* spinLock(lock);
  yield* writePlain(at('z'), 1);
  yield* spinUnlock(lock);
}

function* passesOn({ at }: Shared): Steps {
  const z = yield* readPlain(at('z'));
  yield* writePlain(at('y'), z.value, { data: [z] });
}

function* tries({ lock, at }: Shared): Steps {
  const found = yield* spinTrylock(lock);
  yield* branch(found);
  if (!found.ok) return;
  yield* writePlain(at('x'), 7);
  yield* spinUnlock(lock);
}

describe('guarded locations', () => {
  it('are tried in the order of the sections alone', () => {
    const ends = { executions: 0, rejected: 0 };
    construct(new BehaviourTree(program(increment, increment, increment)), lkmm, {
      begin: () => void (ends.executions = ends.rejected = 0),
      execution: () => void ends.executions++,
      blocked: () => undefined,
      rejected: () => void ends.rejected++,
    });
    expect(ends).toEqual({ executions: 6, rejected: 0 });
  });

  it.each([
    ['counters', program(increment, increment, look)],
    ['a write without the lock that sc does not do', program(increment, delayed, alsoDelayed)],
    ['values from outside, round a race', program(copies, follows, passesOn)],
    ['a trylock', program(increment, tries, look)],
  ])('%s: nothing is lost', (_, given) => {
    expect(report(compare(given, lkmm))).toBe('');
  });
});
