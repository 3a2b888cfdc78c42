/** Arbitrary small programs over all operations: at most three threads of four operations. */
import fc from 'fast-check';
import { Fence, Mark } from '../../src/memory/event.ts';
import type { Modify } from '../../src/program/operation.ts';
import type { Program } from '../../src/program/program.ts';
import {
  programOf,
  programText,
  type Dependency,
  type Instruction,
  type Instructions,
} from './instructions.ts';

export interface RandomProgram {
  readonly threads: readonly Instructions[];
  readonly locations: number;
}

export interface Ingredients {
  readonly spinlocks?: boolean;
  readonly rwlocks?: boolean;
  /** Await, fail and drop: whatever makes a thread stop before its end. */
  readonly stops?: boolean;
  readonly choices?: boolean;
  readonly srcu?: boolean;
  /** spin_trylock() and spin_is_locked(). */
  readonly looks?: boolean;
  readonly fences?: readonly Fence[];
  /** Most accesses are plain and within sections: locks may guard locations. */
  readonly guarded?: boolean;
  /** Operations per thread, the two ends of a section counting as one. */
  readonly length?: number;
}

const ALL_FENCES: readonly Fence[] = Object.values(Fence);
const LOADS = [Mark.Plain, Mark.Once, Mark.Once, Mark.Acquire];
const STORES = [Mark.Plain, Mark.Once, Mark.Once, Mark.Release, 'mb'] as const;
const MOSTLY_PLAIN = [Mark.Plain, Mark.Plain, Mark.Plain, Mark.Once] as const;
const RMWS = [Mark.Once, Mark.Acquire, Mark.Release, Mark.Full, Mark.Full];

export function randomProgram(ingredients: Ingredients = {}): fc.Arbitrary<RandomProgram> {
  const length = ingredients.length ?? 4;
  return fc
    .integer({ min: 2, max: 3 })
    .chain((locations) =>
      fc
        .array(instructions(ingredients, locations, length), { minLength: 2, maxLength: 3 })
        .map((threads) => printable({ threads: threads.map((body) => cut(body, length)), locations })),
    );
}

export function asProgram({ threads, locations }: RandomProgram): Program {
  return programOf(threads, locations);
}

/** Makes reports show pseudo code. */
function printable(program: RandomProgram): RandomProgram {
  const shown = { [fc.toStringMethod]: () => `\n${programText(program.threads)}\n` };
  return { ...program, ...shown };
}

function instructions(
  ingredients: Ingredients,
  locations: number,
  length: number,
  nested = false,
): fc.Arbitrary<Instructions> {
  const loc = fc.nat({ max: locations - 1 });
  const on = fc.nat({ max: 2 });
  const value = fc.integer({ min: 1, max: 2 });
  const equals = fc.nat({ max: 2 });
  const skip = fc.integer({ min: 1, max: 2 });
  const dependency = (...hows: readonly Dependency['how'][]): fc.Arbitrary<Dependency | undefined> =>
    fc.option(fc.record({ how: fc.constantFrom(...hows), on }), { nil: undefined, freq: 1 });
  const address = dependency('addr', 'false addr');
  const any = dependency('addr', 'data', 'false addr', 'false data');
  const modify: fc.Arbitrary<Exclude<Modify, { how: 'map' }>> = fc.oneof(
    fc.record({ how: fc.constant('set' as const), value }),
    fc.record({ how: fc.constant('add' as const), value: fc.constant(1) }),
    fc.record({ how: fc.constant('cmpxchg' as const), expected: equals, value }),
  );
  const { spinlocks = true, rwlocks = true, stops = true, choices = true } = ingredients;
  const modes = [
    ...(spinlocks ? (['spin', 'spin'] as const) : []),
    ...(rwlocks ? (['read', 'write'] as const) : []),
  ];
  const { guarded = false } = ingredients;
  const [loads, stores] = guarded ? [MOSTLY_PLAIN, MOSTLY_PLAIN] : [LOADS, STORES];
  const fences = fc.constantFrom(...(ingredients.fences ?? ALL_FENCES));

  const kinds: { weight: number; arbitrary: fc.Arbitrary<Instruction> }[] = [
    {
      weight: 7,
      arbitrary: fc.record({ op: fc.constant('load'), loc, mark: fc.constantFrom(...loads), dep: address }),
    },
    {
      weight: 7,
      arbitrary: fc.record({
        op: fc.constant('store'),
        loc,
        mark: fc.constantFrom(...stores),
        value,
        dep: any,
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ op: fc.constant('rmw'), modify, loc, mark: fc.constantFrom(...RMWS), dep: any }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        op: fc.constant('rmw'),
        modify: fc.constant({ how: 'add', value: 1 }),
        loc,
        mark: fc.constant(Mark.Noreturn),
        dep: address,
      }),
    },
    { weight: 4, arbitrary: fc.record({ op: fc.constant('fence'), fence: fences }) },
    { weight: 3, arbitrary: fc.record({ op: fc.constant('skip if'), on, equals, skip }) },
  ];
  if (ingredients.srcu === true) {
    const body = nested ? fc.constant([]) : instructions(ingredients, locations, 2, true);
    kinds.push({ weight: 4, arbitrary: fc.record({ op: fc.constant('srcu section'), body }) });
    kinds.push({ weight: 3, arbitrary: fc.record({ op: fc.constant('synchronize_srcu') }) });
  }
  if (ingredients.looks === true) {
    const body = nested ? fc.constant([]) : instructions(ingredients, locations, 2, true);
    kinds.push({
      weight: nested ? 1 : 6,
      arbitrary: fc.record({ op: fc.constant('try section'), bump: fc.boolean(), body }),
    });
    kinds.push({ weight: 6, arbitrary: fc.record({ op: fc.constant('is locked') }) });
  }
  if (choices) kinds.push({ weight: 1, arbitrary: fc.record({ op: fc.constant('choose skip'), skip }) });
  if (stops) {
    const mark = fc.constantFrom(Mark.Once, Mark.Acquire);
    kinds.push({ weight: 1, arbitrary: fc.record({ op: fc.constant('await'), loc, value, mark }) });
    kinds.push({
      weight: 1,
      arbitrary: fc.record({ op: fc.constantFrom('fail if', 'drop if'), on, equals }),
    });
  }
  if (nested) kinds.push({ weight: 2, arbitrary: fc.record({ op: fc.constant('publish'), loc }) });
  if (modes.length > 0) {
    const body = nested ? fc.constant([]) : instructions(ingredients, locations, 2, true);
    kinds.push({
      weight: nested ? 1 : guarded ? 30 : 4,
      arbitrary: fc.record({
        op: fc.constant('section'),
        mode: fc.constantFrom(...modes),
        bump: fc.boolean(),
        body,
      }),
    });
  }
  // Short threads are dull, so lengths are fixed from below; they shrink by losing instructions.
  const some = fc.option(fc.oneof(...kinds), { nil: undefined, freq: 12 });
  return fc
    .array(some, { minLength: nested ? 0 : length - 1, maxLength: length })
    .map((steps) => steps.filter((step) => step !== undefined));
}

/** Cuts a thread after so many operations, those inside sections included. */
function cut(body: Instructions, length: number): Instructions {
  let left = length;
  const trim = (list: Instructions): Instructions => {
    const kept: Instruction[] = [];
    for (const step of list) {
      if (left === 0) break;
      left -= 1;
      kept.push(
        step.op === 'section' || step.op === 'try section' || step.op === 'srcu section'
          ? { ...step, body: trim(step.body) }
          : step,
      );
    }
    return kept;
  };
  return trim(body);
}
