/** The reference programs of the counts that independent checkers agree on (GenMC 0.11, Nidhugg). */
import { Memory } from '../../src/program/location.ts';
import {
  add,
  branch,
  loadAcquire,
  readOnce,
  smpMb,
  spinLock,
  spinUnlock,
  storeRelease,
  writeOnce,
} from '../../src/program/operations.ts';
import { Mark } from '../../src/memory/event.ts';
import { defineProgram, type Program, type Thread } from '../../src/program/program.ts';
import type { Steps } from '../../src/program/operation.ts';

export function storeBuffering(n: number): Program {
  const memory = new Memory();
  const x = Array.from({ length: n }, (_, i) => memory.location(`x${i}`));
  const threads = x.map(
    (own, i): Thread => ({
      name: `P${i}`,
      *body(): Steps {
        yield* writeOnce(own, 1);
        yield* readOnce(x[(i + 1) % n]);
      },
    }),
  );
  return defineProgram(`store-buffering-${n}`, memory, threads);
}

/** Store buffering in one lock: it allows the orders of the sections and nothing else. */
export function lockedStoreBuffering(n: number): Program {
  const memory = new Memory();
  const lock = memory.spinlock('lock', null);
  const x = Array.from({ length: n }, (_, i) => memory.location(`x${i}`));
  const threads = x.map(
    (own, i): Thread => ({
      name: `P${i}`,
      *body(): Steps {
        yield* spinLock(lock);
        yield* writeOnce(own, 1);
        yield* readOnce(x[(i + 1) % n]);
        yield* spinUnlock(lock);
      },
    }),
  );
  return defineProgram(`locked-store-buffering-${n}`, memory, threads);
}

/** `n` threads, each writing the same variable once. */
export function writers(n: number): Program {
  const memory = new Memory();
  const x = memory.location('x');
  const threads = Array.from(
    { length: n },
    (_, i): Thread => ({ name: `P${i}`, body: () => writeOnce(x, i + 1) }),
  );
  return defineProgram(`writers-${n}`, memory, threads);
}

/** `count` threads, each taking one lock `times` times. */
export function lockContention(count: number, times: number): Program {
  const memory = new Memory();
  const lock = memory.spinlock('lock', null);
  const threads = Array.from(
    { length: count },
    (_, i): Thread => ({
      name: `P${i}`,
      *body(): Steps {
        for (let k = 0; k < times; k++) {
          yield* spinLock(lock);
          yield* spinUnlock(lock);
        }
      },
    }),
  );
  return defineProgram(`lock-${count}-${times}`, memory, threads);
}

/** One writer of `stores` data stores, each followed by a release store of the flag; `readers` acquire readers. */
export function messagePassing(stores: number, readers: number): Program {
  const memory = new Memory();
  const data = memory.location('data');
  const flag = memory.location('flag');
  const writer: Thread = {
    name: 'writer',
    *body(): Steps {
      for (let k = 1; k <= stores; k++) {
        yield* writeOnce(data, k);
        yield* storeRelease(flag, k);
      }
    },
  };
  const reader = (i: number): Thread => ({
    name: `reader${i}`,
    *body(): Steps {
      yield* loadAcquire(flag);
      yield* readOnce(data);
    },
  });
  return defineProgram(`mp-${stores}-${readers}`, memory, [
    writer,
    ...Array.from({ length: readers }, (_, i) => reader(i)),
  ]);
}

/** The founding question in small: `writers` emulated writes with distinct values, `faults` page faults. */
export function miniature(writers: number, faults: number, fenced = true): Program {
  const memory = new Memory();
  const gpte = memory.location('gpte');
  const isp = memory.location('indirect_shadow_pages');
  const spte = memory.location('spte', -1);
  const lock = memory.spinlock('mmu_lock', null);
  const writer = (value: number): Thread => ({
    name: `writer${value}`,
    *body(): Steps {
      yield* writeOnce(gpte, value);
      if (fenced) yield* smpMb();
      const count = yield* readOnce(isp);
      if ((yield* branch(count)) === 0) return;
      yield* spinLock(lock);
      const present = yield* readOnce(spte);
      if ((yield* branch(present)) !== -1) yield* writeOnce(spte, -1);
      yield* spinUnlock(lock);
    },
  });
  const fault = (i: number): Thread => ({
    name: `fault${i}`,
    *body(): Steps {
      const g0 = yield* readOnce(gpte);
      yield* spinLock(lock);
      yield* add(isp, 1, Mark.Once);
      if (fenced) yield* smpMb();
      const g1 = yield* readOnce(gpte);
      if ((yield* branch(g1, g0)) === g0.value) yield* writeOnce(spte, g0.value, { data: [g0] });
      yield* spinUnlock(lock);
    },
  });
  return defineProgram(`miniature-${writers}-${faults}`, memory, [
    ...Array.from({ length: writers }, (_, i) => writer(i + 1)),
    ...Array.from({ length: faults }, (_, i) => fault(i)),
  ]);
}
