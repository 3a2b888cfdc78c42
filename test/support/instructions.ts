/**
 * Small programs as plain data, so that they can be generated, shrunk and printed, and the step programs
 * that they stand for. What refers to a read counts back from the latest one; where there is none, the
 * dependency or branch is dropped, so that every part of a program is a program.
 */
import { Fence, Mark } from '../../src/memory/event.ts';
import { Memory, type Location, type Lock } from '../../src/program/location.ts';
import {
  assume,
  branch,
  choose,
  fail,
  fence,
  guarded,
  load,
  readLock,
  readUnlock,
  rmw,
  spinIsLocked,
  spinLock,
  spinTrylock,
  spinUnlock,
  srcuReadLock,
  srcuReadUnlock,
  store,
  storeMb,
  synchronizeSrcu,
  update,
  waitUntil,
  writeLock,
  writeUnlock,
} from '../../src/program/operations.ts';
import type { Depends, LockMode, Modify, Read, Steps } from '../../src/program/operation.ts';
import { defineProgram, type Program } from '../../src/program/program.ts';

/** A dependency on an earlier read: one that changes the address or value, or a false one that only orders. */
export interface Dependency {
  readonly how: 'addr' | 'data' | 'false addr' | 'false data';
  readonly on: number;
}

export type Instruction =
  | { readonly op: 'load'; readonly loc: number; readonly mark: Mark; readonly dep?: Dependency }
  | {
      readonly op: 'store';
      readonly loc: number;
      readonly mark: Mark | 'mb';
      readonly value: number;
      readonly dep?: Dependency;
    }
  | {
      readonly op: 'rmw';
      readonly modify: Exclude<Modify, { how: 'map' }>;
      readonly loc: number;
      readonly mark: Mark;
      readonly dep?: Dependency;
    }
  | { readonly op: 'fence'; readonly fence: Fence }
  /** A read-side section of SRCU, and a grace period of it. */
  | { readonly op: 'srcu section'; readonly body: Instructions }
  | { readonly op: 'synchronize_srcu' }
  | { readonly op: 'await'; readonly loc: number; readonly value: number; readonly mark: Mark }
  /** Jumps over the next `skip` instructions of its list if the read has that value. */
  | { readonly op: 'skip if'; readonly on: number; readonly equals: number; readonly skip: number }
  | { readonly op: 'choose skip'; readonly skip: number }
  | { readonly op: 'fail if' | 'drop if'; readonly on: number; readonly equals: number }
  | { readonly op: 'section'; readonly mode: LockMode; readonly bump: boolean; readonly body: Instructions }
  /** A section that is had only if the lock is free. */
  | { readonly op: 'try section'; readonly bump: boolean; readonly body: Instructions }
  | { readonly op: 'is locked' }
  /** Inside a section: stores the guarded counter. */
  | { readonly op: 'publish'; readonly loc: number };

export type Instructions = readonly Instruction[];

interface Shared {
  readonly locations: readonly Location[];
  readonly spin: Lock<{ n: number }>;
  readonly rw: Lock<{ n: number }>;
  readonly srcu: Location;
}

const NAMES = ['x', 'y', 'z'];

export function programOf(threads: readonly Instructions[], locations: number): Program {
  const memory = new Memory();
  const shared: Shared = {
    locations: NAMES.slice(0, locations).map((name) => memory.location(name)),
    spin: memory.spinlock('lock', { n: 0 }),
    rw: memory.rwlock('rwlock', { n: 0 }),
    srcu: memory.location('srcu'),
  };
  return defineProgram(
    'random',
    memory,
    threads.map((instructions, t) => ({
      name: `P${t}`,
      *body(): Steps {
        yield* run(instructions, shared, [], undefined);
      },
    })),
  );
}

function* run(
  instructions: Instructions,
  shared: Shared,
  reads: Read[],
  held: Lock<{ n: number }> | undefined,
): Steps {
  for (let i = 0; i < instructions.length; i++) {
    const step = instructions[i];
    if (step.op === 'skip if') {
      const read = earlier(reads, step.on);
      if (read !== undefined && (yield* branch(read)) === step.equals) i += step.skip;
    } else if (step.op === 'choose skip') {
      if ((yield* choose('go on', 'skip')) === 1) i += step.skip;
    } else if (step.op === 'section') {
      yield* section(step, shared, reads, held);
    } else if (step.op === 'try section') {
      yield* trySection(step, shared, reads);
    } else if (step.op === 'is locked') {
      reads.push(yield* spinIsLocked(shared.spin));
    } else if (step.op === 'srcu section') {
      const cookie = yield* srcuReadLock(shared.srcu);
      yield* run(step.body, shared, reads, held);
      yield* srcuReadUnlock(shared.srcu, cookie);
    } else if (step.op === 'synchronize_srcu') {
      yield* synchronizeSrcu(shared.srcu);
    } else if (step.op === 'publish') {
      if (held !== undefined)
        yield* store(shared.locations[step.loc], (yield* guarded(held)).n % 3, Mark.Once);
    } else {
      yield* perform(step, shared, reads);
    }
  }
}

function* section(
  { mode, bump, body }: Instruction & { op: 'section' },
  shared: Shared,
  reads: Read[],
  held: Lock<{ n: number }> | undefined,
): Steps {
  const lock = mode === 'spin' ? shared.spin : shared.rw;
  // The same lock twice would only ever be a self-deadlock.
  if (lock === held) return;
  yield* { spin: spinLock, write: writeLock, read: readLock }[mode](lock);
  if (bump && mode !== 'read') yield* update(lock, (state) => void (state.n += 1));
  yield* run(body, shared, reads, lock);
  yield* { spin: spinUnlock, write: writeUnlock, read: readUnlock }[mode](lock);
}

/** Its answer decides about the body alone: what follows is control dependent all the same. */
function* trySection(
  { bump, body }: Instruction & { op: 'try section' },
  shared: Shared,
  reads: Read[],
): Steps {
  const taken = yield* spinTrylock(shared.spin);
  reads.push(taken);
  yield* branch(taken);
  if (!taken.ok) return;
  if (bump) yield* update(shared.spin, (state) => void (state.n += 1));
  yield* run(body, shared, reads, shared.spin);
  yield* spinUnlock(shared.spin);
}

function* perform(
  step: Exclude<
    Instruction,
    {
      op:
        | 'skip if'
        | 'choose skip'
        | 'section'
        | 'try section'
        | 'is locked'
        | 'publish'
        | 'srcu section'
        | 'synchronize_srcu';
    }
  >,
  { locations }: Shared,
  reads: Read[],
): Steps {
  switch (step.op) {
    case 'load': {
      const { loc, depends } = resolve(step, locations, reads);
      reads.push(yield* load(loc, step.mark, depends));
      return;
    }
    case 'store': {
      const { loc, depends, add } = resolve(step, locations, reads);
      const value = (step.value + add) % 3;
      yield* step.mark === 'mb' ? storeMb(loc, value, depends) : store(loc, value, step.mark, depends);
      return;
    }
    case 'rmw': {
      const { loc, depends, add } = resolve(step, locations, reads);
      const { modify } = step;
      const value = modify.how === 'add' ? modify.value : (modify.value + add) % 3;
      reads.push(yield* rmw(loc, { ...modify, value }, step.mark, depends));
      return;
    }
    case 'fence':
      yield* fence(step.fence, fenceText(step.fence));
      return;
    case 'await':
      reads.push(yield* waitUntil(locations[step.loc], (value) => value === step.value, step.mark));
      return;
    case 'fail if':
    case 'drop if': {
      const read = earlier(reads, step.on);
      if (read === undefined) return;
      const hit = (yield* branch(read)) === step.equals;
      if (step.op === 'drop if') yield* assume(!hit);
      else if (hit) yield* fail('random', `read ${step.equals}`);
      return;
    }
  }
}

function earlier(reads: readonly Read[], on: number): Read | undefined {
  return reads.length === 0 ? undefined : reads[reads.length - 1 - (on % reads.length)];
}

function resolve(
  step: { readonly loc: number; readonly dep?: Dependency },
  locations: readonly Location[],
  reads: readonly Read[],
): { loc: Location; depends: Depends; add: number } {
  const loc = locations[step.loc % locations.length];
  const on = step.dep === undefined ? undefined : earlier(reads, step.dep.on);
  if (step.dep === undefined || on === undefined) return { loc, depends: {}, add: 0 };
  switch (step.dep.how) {
    case 'addr':
      return { loc: locations[(step.loc + on.value) % locations.length], depends: { addr: [on] }, add: 0 };
    case 'false addr':
      return { loc, depends: { addr: [on] }, add: 0 };
    case 'data':
      return { loc, depends: { data: [on] }, add: on.value };
    case 'false data':
      return { loc, depends: { data: [on] }, add: 0 };
  }
}

/** Pseudo code of a program, for messages. */
export function programText(threads: readonly Instructions[]): string {
  return threads
    .map((body, t) => [`P${t}:`, ...body.flatMap((step) => lines(step, '  '))].join('\n'))
    .join('\n');
}

function lines(step: Instruction, indent: string): string[] {
  if (step.op === 'srcu section') {
    const body = step.body.flatMap((inner) => lines(inner, `${indent}  `));
    return [`${indent}srcu_read_lock`, ...body, `${indent}srcu_read_unlock`];
  }
  if (step.op === 'try section') {
    const body = step.body.flatMap((inner) => lines(inner, `${indent}  `));
    return [
      `${indent}if (r = spin_trylock(lock))${step.bump ? ' n++' : ''}`,
      ...body,
      `${indent}  spin_unlock(lock)`,
    ];
  }
  if (step.op !== 'section') return [indent + text(step)];
  const name = step.mode === 'spin' ? 'lock' : 'rwlock';
  return [
    `${indent}${step.mode}_lock(${name})${step.bump && step.mode !== 'read' ? ', n++' : ''}`,
    ...step.body.flatMap((inner) => lines(inner, `${indent}  `)),
    `${indent}${step.mode}_unlock(${name})`,
  ];
}

function text(step: Exclude<Instruction, { op: 'section' | 'try section' | 'srcu section' }>): string {
  const dep = 'dep' in step && step.dep !== undefined ? `  {${step.dep.how} on r[-${step.dep.on + 1}]}` : '';
  switch (step.op) {
    case 'load':
      return `r = ${NAMES[step.loc]} [${markText(step.mark)}]${dep}`;
    case 'store':
      return `${NAMES[step.loc]} = ${step.value} [${step.mark === 'mb' ? 'store_mb' : markText(step.mark)}]${dep}`;
    case 'rmw': {
      const { modify } = step;
      const operands = modify.how === 'cmpxchg' ? `${modify.expected} → ${modify.value}` : `${modify.value}`;
      return `r = ${modify.how}(${NAMES[step.loc]}, ${operands}) [${markText(step.mark)}]${dep}`;
    }
    case 'fence':
      return fenceText(step.fence);
    case 'is locked':
      return 'r = spin_is_locked(lock)';
    case 'synchronize_srcu':
      return 'synchronize_srcu';
    case 'await':
      return `r = await ${NAMES[step.loc]} == ${step.value} [${markText(step.mark)}]`;
    case 'skip if':
      return `if (r[-${step.on + 1}] == ${step.equals}) skip ${step.skip}`;
    case 'choose skip':
      return `choose: go on, or skip ${step.skip}`;
    case 'fail if':
    case 'drop if':
      return `if (r[-${step.on + 1}] == ${step.equals}) ${step.op === 'fail if' ? 'fail' : 'drop'}`;
    case 'publish':
      return `${NAMES[step.loc]} = n % 3 [Once]`;
  }
}

function markText(mark: Mark): string {
  return nameOf(Mark, mark);
}

function fenceText(kind: Fence): string {
  return `fence ${nameOf(Fence, kind)}`;
}

function nameOf(names: Readonly<Record<string, number>>, value: number): string {
  return Object.keys(names).find((name) => names[name] === value) ?? '?';
}
