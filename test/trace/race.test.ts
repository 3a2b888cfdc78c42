/** Whole diagrams, as they would stand in a commit message: read them in golden/. */
import { describe, expect, it } from 'vitest';
import { Kind, Mark } from '../../src/memory/event.ts';
import type { ModelName } from '../../src/memory/model.ts';
import type { Execution } from '../../src/program/execution.ts';
import { Memory } from '../../src/program/location.ts';
import {
  add,
  branch,
  call,
  choose,
  cmpxchg,
  lockedOnX86,
  readLock,
  readOnce,
  readPlain,
  readUnlock,
  smpMb,
  smpRmb,
  smpWmb,
  spinLock,
  spinUnlock,
  writeLock,
  writeOnce,
  writePlain,
  writeUnlock,
} from '../../src/program/operations.ts';
import type { Steps } from '../../src/program/operation.ts';
import { defineProgram, type Program } from '../../src/program/program.ts';
import { renderRace } from '../../src/trace/index.ts';
import { miniature, storeBuffering } from '../support/programs.ts';
import { executionWhere, finalValue, twoLocations, valueAt } from './executions.ts';

async function expectDiagram(
  golden: string,
  program: Program,
  model: ModelName,
  holds: (execution: Execution) => boolean,
  property = 'outcome',
  message = 'this outcome is possible',
): Promise<void> {
  const text = renderRace(program, executionWhere(program, model, holds), { model, property, message });
  await expect(`${text}\n`).toMatchFileSnapshot(`golden/${golden}.txt`);
}

const readsZero = (execution: Execution): boolean =>
  execution.runs.every(({ events }) => events.every((e) => e.label.kind !== Kind.Read || e.value === 0));

describe('x86-tso', () => {
  it.each([2, 3, 4])('draws store buffering of %d threads', async (n) => {
    await expectDiagram(`store-buffering-${n}`, storeBuffering(n), 'x86-tso', readsZero);
  });

  it('draws the founding race', async () => {
    const program = miniature(1, 1, false);
    await expectDiagram(
      'miniature',
      program,
      'x86-tso',
      (e) => finalValue(program, e, 'gpte') === 1 && finalValue(program, e, 'spte') === 0,
      'no-stale-spte',
      'the SPTE was made from gpte == 0, but gpte is 1 and nothing will zap it',
    );
  });

  it('names the fence that stands on the wrong side of the increment', async () => {
    const program = trackWrite({ before: smpMb, gate: Mark.Once, writer: smpMb });
    await expectDiagram('fence-before-increment', program, 'x86-tso', isStale(program), ...STALE);
  });

  it('says that smp_wmb() is no full fence', async () => {
    const program = trackWrite({ after: smpMb, gate: Mark.Once, writer: smpWmb });
    await expectDiagram('store-barrier-only', program, 'x86-tso', isStale(program), ...STALE);
  });

  it('says that a plain interleaving needs no barrier', async () => {
    const program = twoLocations('lost-update', (x) => ({
      CPU0: () => increment(x),
      CPU1: () => increment(x),
    }));
    await expectDiagram('lost-update', program, 'x86-tso', (e) => finalValue(program, e, 'x') === 1);
  });

  it('breaks long names between their words where columns are narrow', async () => {
    const memory = new Memory();
    const count = memory.location('kvm->arch.indirect_shadow_pages');
    const gate = function* (): Steps {
      yield* call('kvm_mmu_track_write', readOnce(count));
    };
    const account = function* (): Steps {
      yield* call('account_shadowed', add(count, 1, Mark.Once));
    };
    const program = defineProgram('narrow', memory, [
      { name: 'emulated write', body: gate },
      { name: 'page fault', body: account },
      { name: 'page fault', body: account },
    ]);
    const isLost = (e: Execution): boolean => finalValue(program, e, count.name) === 1;
    await expectDiagram('narrow-columns', program, 'sc', isLost);
  });

  it('draws locks, RMWs and what waits for ever', async () => {
    const memory = new Memory();
    const lock = memory.rwlock('kvm->mmu_lock', null);
    const other = memory.spinlock('kvm->mn_invalidate_lock', null);
    const sptep = memory.location('*sptep', 0x8000_0001);
    const program = defineProgram('deadlock', memory, [
      {
        name: 'CPU0 (zap)',
        *body(): Steps {
          yield* writeLock(lock);
          yield* call('tdp_mmu_zap', cmpxchg(sptep, 0x8000_0001, 0));
          yield* spinLock(other);
          yield* spinUnlock(other);
          yield* writeUnlock(lock);
        },
      },
      {
        name: 'CPU1 (notifier)',
        *body(): Steps {
          yield* spinLock(other);
          yield* call('fast_pf_fix', cmpxchg(sptep, 0x8000_0001, 0x8000_0003));
          yield* choose('flush', 'no flush');
          yield* readLock(lock);
          yield* readUnlock(lock);
          yield* spinUnlock(other);
        },
      },
    ]);
    await expectDiagram(
      'deadlock',
      program,
      'sc',
      ({ runs }) => runs.every(({ ends }) => ends.status === 'waiting') && runs[0].events[2].rf === 'init',
      'no-deadlock',
      'CPU0 and CPU1 wait for each other',
    );
  });
});

describe('lkmm', () => {
  it('draws message passing without fences', async () => {
    await expectDiagram('message-passing', messagePassing(), 'lkmm', staleData);
  });

  it('draws message passing with the writer fenced: the reader executes early', async () => {
    await expectDiagram('message-passing-wmb', messagePassing(smpWmb), 'lkmm', staleData);
  });

  it('draws message passing with the reader fenced: the data propagates late', async () => {
    await expectDiagram('message-passing-rmb', messagePassing(undefined, smpRmb), 'lkmm', staleData);
  });

  it('draws load buffering', async () => {
    const program = twoLocations('load-buffering', (x, y) => ({
      *P0(): Steps {
        const seen = yield* readOnce(x);
        yield* writeOnce(y, seen.value, { data: [seen] });
      },
      *P1(): Steps {
        yield* readOnce(y);
        yield* writeOnce(x, 1);
      },
    }));
    const bothOne = (e: Execution): boolean => valueAt(e, 0, 0) === 1 && valueAt(e, 1, 0) === 1;
    await expectDiagram('load-buffering', program, 'lkmm', bothOne);
  });

  it('draws a store that reaches two CPUs at different times', async () => {
    const reader = (first: 'x' | 'y') =>
      function* (memory: Memory): Steps {
        yield* readOnce(memory.location(first));
        yield* smpRmb();
        yield* readOnce(memory.location(first === 'x' ? 'y' : 'x'));
      };
    const memory = new Memory();
    const program = defineProgram('iriw', memory, [
      { name: 'P0', body: () => writeOnce(memory.location('x'), 1) },
      { name: 'P1', body: () => reader('x')(memory) },
      { name: 'P2', body: () => reader('y')(memory) },
      { name: 'P3', body: () => writeOnce(memory.location('y'), 1) },
    ]);
    const disagree = (e: Execution): boolean =>
      [1, 2].every((t) => valueAt(e, t, 0) === 1 && valueAt(e, t, 2) === 0);
    await expectDiagram('iriw', program, 'lkmm', disagree);
  });

  it('names the plain read at the gate', async () => {
    const program = trackWrite({ after: smpMb, gate: Mark.Plain, writer: smpMb });
    await expectDiagram('plain-gate', program, 'lkmm', isStale(program), ...STALE);
  });

  it('says that a fence of x86 only is none', async () => {
    const srcu = (): Steps => lockedOnX86('srcu_read_lock(&kvm->track_srcu)');
    const program = trackWrite({ after: smpMb, gate: Mark.Once, writer: srcu });
    await expectDiagram('fence-on-x86-only', program, 'lkmm-marked', isStale(program), ...STALE);
  });
});

function* increment(x: Parameters<typeof readPlain>[0]): Steps {
  yield* add(x, 1);
}

function messagePassing(writer?: () => Steps, reader?: () => Steps): Program {
  return twoLocations('message-passing', (data, flag) => ({
    *writer(): Steps {
      yield* writeOnce(data, 1);
      if (writer !== undefined) yield* writer();
      yield* writeOnce(flag, 1);
    },
    *reader(): Steps {
      yield* readOnce(flag);
      if (reader !== undefined) yield* reader();
      yield* readOnce(data);
    },
  }));
}

/** The flag is seen, the data is not. */
const staleData = ({ runs }: Execution): boolean =>
  runs[1].events[0].value === 1 && runs[1].events.at(-1)?.value === 0;

interface Ordering {
  readonly writer?: () => Steps;
  readonly gate: Mark;
  readonly before?: () => Steps;
  readonly after?: () => Steps;
}

const OLD = 0x8001;
const NEW = 0x9001;
const STALE = ['no-stale-spte', 'the SPTE was made from gPTE 0x8001, but the gPTE is 0x9001'] as const;

/** The founding question with the names of the kernel. */
function trackWrite({ writer, gate, before, after }: Ordering): Program {
  const memory = new Memory();
  const count = memory.location('kvm->arch.indirect_shadow_pages');
  const gptep = memory.location('*gptep', OLD);
  const sptep = memory.location('*sptep', 0, (value) => (value === 0 ? 'none' : `0x${value.toString(16)}`));
  const lock = memory.rwlock('kvm->mmu_lock', null);
  return defineProgram('track-write', memory, [
    {
      name: 'emulated write',
      *body(): Steps {
        yield* call('emulator_write_phys', writeOnce(gptep, NEW, { text: '__copy_to_user(gptep)' }));
        yield* call('kvm_mmu_track_write', gateThenZap());
      },
    },
    {
      name: 'page fault',
      *body(): Steps {
        const walked = yield* call('walk_addr', readOnce(gptep));
        yield* call('page_fault', fetch(walked));
      },
    },
  ]);

  function* gateThenZap(): Steps {
    if (writer !== undefined) yield* writer();
    const seen = yield* gate === Mark.Plain ? readPlain(count) : readOnce(count);
    if ((yield* branch(seen)) === 0) return;
    yield* writeLock(lock);
    yield* writeOnce(sptep, 0);
    yield* writeUnlock(lock);
  }

  function* fetch(walked: { readonly value: number; readonly at: number }): Steps {
    yield* writeLock(lock);
    yield* call('account_shadowed', account());
    const again = yield* call('gpte_changed', readOnce(gptep));
    if ((yield* branch(again, walked)) === walked.value)
      yield* writePlain(sptep, walked.value, { data: [walked] });
    yield* writeUnlock(lock);
  }

  function* account(): Steps {
    if (before !== undefined) yield* before();
    yield* add(count, 1, Mark.Plain, { text: `${count.name}++` });
    if (after !== undefined) yield* after();
  }
}

function isStale(program: Program): (execution: Execution) => boolean {
  return (e) => finalValue(program, e, '*gptep') === NEW && finalValue(program, e, '*sptep') === OLD;
}
