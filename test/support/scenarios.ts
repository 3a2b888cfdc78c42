/** Small scenarios of the tests' own: they stay the same whatever becomes of the real ones. */
import { Mark } from '../../src/memory/event.ts';
import type { Property } from '../../src/check/property.ts';
import type { Scenario, World } from '../../src/check/scenario.ts';
import { Memory } from '../../src/program/location.ts';
import {
  add,
  branch,
  call,
  fenceAt,
  readOnce,
  readPlain,
  spinLock,
  spinUnlock,
  waitUntil,
  writeOnce,
} from '../../src/program/operations.ts';
import { AS_WRITTEN } from '../../src/program/program.ts';
import { defineSite, deriveProposal, type Proposal } from '../../src/program/site.ts';

export const sites = {
  gate: defineSite({
    name: 'before-gate',
    fn: 'kvm_mmu_track_write',
    doc: 'the fence between the emulated write and the gate',
    options: ['none', 'smp_mb()'],
  }),
  increment: defineSite({
    name: 'after-increment',
    fn: 'account_shadowed',
    doc: 'the fence between the increment and the re-read of the guest PTE',
    options: ['none', 'smp_mb()'],
  }),
};

const bare: Proposal = { name: 'bare', doc: 'no fences', choices: {} };
const both = deriveProposal(bare, 'both-fences', 'the fences of both sides', {
  'before-gate': 'smp_mb()',
  'after-increment': 'smp_mb()',
});

/** The founding question in small: one emulated write, one page fault, a plain read at the gate. */
export const gate: Scenario = {
  name: 'gate-vs-fault',
  question: 'Can the gate miss the first shadow page?',
  doc: 'One guest PTE, one SPTE.',
  sources: [],
  sites: Object.values(sites),
  proposals: [
    bare,
    deriveProposal(bare, 'writer-fence', "the writer's fence alone", { 'before-gate': 'smp_mb()' }),
    both,
  ],
  expectations: [
    {
      proposals: ['bare', 'writer-fence'],
      verdicts: { 'x86-tso': 'violated', 'lkmm-marked': 'violated', lkmm: 'violated' },
      because: 'store buffering needs a fence on both sides',
    },
    {
      proposals: ['both-fences'],
      verdicts: { lkmm: 'violated' },
      because: 'a plain racing read promises nothing',
    },
  ],
  world: gateWorld,
};

function gateWorld(): World {
  const memory = new Memory();
  const gpte = memory.location('gpte');
  const pages = memory.location('indirect_shadow_pages');
  const spte = memory.location('spte', -1);
  const lock = memory.spinlock('mmu_lock', null);
  const property: Property = {
    name: 'no-stale-spte',
    doc: 'the SPTE grants what the guest PTE says',
    check(final) {
      const value = final.value(spte);
      return value === -1 || value === final.value(gpte) ? undefined : `the SPTE still maps ${value}`;
    },
  };
  return {
    memory,
    properties: [property],
    threads: [
      {
        name: 'CPU0 (emulated write)',
        *body() {
          yield* writeOnce(gpte, 1);
          yield* fenceAt(sites.gate);
          const count = yield* call('kvm_mmu_track_write', readPlain(pages));
          if ((yield* branch(count)) === 0) return;
          yield* spinLock(lock);
          yield* writeOnce(spte, -1);
          yield* spinUnlock(lock);
        },
      },
      {
        name: 'CPU1 (page fault)',
        *body() {
          const g0 = yield* readOnce(gpte);
          yield* spinLock(lock);
          yield* call('account_shadowed', add(pages, 1, Mark.Once));
          yield* fenceAt(sites.increment);
          const g1 = yield* readOnce(gpte);
          if ((yield* branch(g1, g0)) === g0.value) yield* writeOnce(spte, g0.value, { data: [g0] });
          yield* spinUnlock(lock);
        },
      },
    ],
  };
}

/** A scenario of the given name with one proposal, that expects nothing in particular. */
export function scenarioOf(name: string, world: () => World): Scenario {
  return {
    name,
    question: `What about ${name}?`,
    doc: '',
    sources: [],
    sites: [],
    proposals: [AS_WRITTEN],
    expectations: [],
    world,
  };
}

/** Two locks taken in both orders. */
export const deadlock = scenarioOf('lock-order', () => {
  const memory = new Memory();
  const [a, b] = [memory.spinlock('a', null), memory.spinlock('b', null)];
  const thread = (name: string, first: typeof a, second: typeof a): World['threads'][number] => ({
    name,
    *body() {
      yield* spinLock(first);
      yield* spinLock(second);
      yield* spinUnlock(second);
      yield* spinUnlock(first);
    },
  });
  return { memory, properties: [], threads: [thread('CPU0', a, b), thread('CPU1', b, a)] };
});

/** One waits for what the other stores; with `value` 2 for ever. */
export function wakeUp(value: number): Scenario {
  return scenarioOf(`wake-up-${value}`, () => {
    const memory = new Memory();
    const flag = memory.location('flag');
    return {
      memory,
      properties: [],
      threads: [
        {
          name: 'CPU0 (sleeps)',
          *body() {
            yield* waitUntil(flag, (seen) => seen === value);
          },
        },
        {
          name: 'CPU1 (wakes)',
          *body() {
            yield* writeOnce(flag, 1);
          },
        },
      ],
    };
  });
}

/** Ends while it holds the lock that the other one wants. */
export const leak = scenarioOf('leaked-lock', () => {
  const memory = new Memory();
  const lock = memory.spinlock('mmu_lock', null);
  const take = function* () {
    yield* spinLock(lock);
  };
  return {
    memory,
    properties: [],
    threads: [
      { name: 'CPU0', body: take },
      { name: 'CPU1', body: take },
    ],
  };
});
