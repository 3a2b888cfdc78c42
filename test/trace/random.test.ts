/** What must hold of every diagram, over executions of random programs under every memory model. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Kind } from '../../src/memory/event.ts';
import { MODEL_NAMES, type ModelName } from '../../src/memory/model.ts';
import type { Execution } from '../../src/program/execution.ts';
import type { Program } from '../../src/program/program.ts';
import { eventsOf, isAccess, reads, Scene, takesLock, writes, type Act } from '../../src/trace/act.ts';
import { overwriters } from '../../src/trace/communication.ts';
import { renderRace } from '../../src/trace/index.ts';
import { missing } from '../../src/trace/repair.ts';
import { scheduleOf, type Schedule } from '../../src/trace/schedule.ts';
import { stepsOf } from '../../src/trace/step.ts';
import { asProgram, randomProgram } from '../support/random-programs.ts';
import { executionsOf } from './executions.ts';

const RUNS = 60;
const EXECUTIONS = 12;

/** All operations; and programs of bare accesses, which are weak more often. */
const PROGRAMS = fc.oneof(
  randomProgram(),
  randomProgram({ rwlocks: false, looks: true }),
  randomProgram({ spinlocks: false, rwlocks: false, stops: false, choices: false }),
);

function forEachExecution(check: (program: Program, execution: Execution, model: ModelName) => void): void {
  fc.assert(
    fc.property(PROGRAMS, fc.constantFrom(...MODEL_NAMES), (random, model) => {
      const program = asProgram(random);
      const all = executionsOf(program, model);
      // The first ones are often the tamest, so they are taken from all over.
      const stride = Math.max(1, Math.floor(all.length / EXECUTIONS));
      for (let i = 0; i < all.length; i += stride) check(program, all[i], model);
    }),
    { numRuns: RUNS, seed: 20240502 },
  );
}

describe('random executions', () => {
  it('fit into a commit message', () => {
    forEachExecution((program, execution, model) => {
      const options = { model, property: 'outcome', message: 'as it comes' };
      const text = renderRace(program, execution, options);
      expect(renderRace(program, execution, options)).toBe(text);
      for (const line of text.split('\n')) {
        expect(line.length).toBeLessThanOrEqual(72);
        expect(line).toMatch(/^[\x20-\x7e]*$/);
        expect(line).toBe(line.trimEnd());
      }
      const { steps } = stepsOf(scheduleOf(new Scene(program, execution), model));
      expect(numbersIn(text, program.threads.length)).toEqual(steps.map(({ number }) => number));
    });
  });

  it('are shown whole, each thread in program order', () => {
    forEachExecution((program, execution, model) => {
      const { steps } = stepsOf(scheduleOf(new Scene(program, execution), model));
      expect(steps.map(({ number }) => number)).toEqual(steps.map((_, i) => i + 1));
      const shown = program.threads.map((_, thread) =>
        steps.filter((step) => step.thread === thread).flatMap(({ acts }) => acts.flatMap(eventsOf)),
      );
      expect(shown).toEqual(execution.runs.map(({ events }) => events));
    });
  });

  it('are stories in which every read gets what its CPU can see', () => {
    forEachExecution((program, execution, model) => {
      const schedule = scheduleOf(new Scene(program, execution), model);
      expect(schedule.isExact).toBe(true);
      replay(schedule);
    });
  });

  it('of sequential consistency need no waiting store and lack no barrier', () => {
    forEachExecution((program, execution, model) => {
      if (model !== 'sc') return;
      for (const stronger of MODEL_NAMES) {
        const scene = new Scene(program, execution);
        expect(scheduleOf(scene, stronger).moments.every(({ what }) => what === 'act')).toBe(true);
        expect(missing(scene, stronger)).toBe('ordered');
      }
    });
  });

  it('that are not of sequential consistency lack a nameable ordering', () => {
    forEachExecution((program, execution, model) => {
      const scene = new Scene(program, execution);
      const lacks = missing(scene, model);
      expect(lacks).not.toBe('unknown');
      const isTame = scheduleOf(scene, 'sc').isExact;
      expect(lacks === 'ordered').toBe(isTame);
    });
  });
});

/** The numbers at the beginnings of the columns, from top to bottom. */
function numbersIn(text: string, threads: number): number[] {
  const column = Math.floor((72 - 2 - 2 * (threads - 1)) / threads);
  const body = text.split('\n').slice(
    0,
    text.split('\n').findIndex((line) => line.startsWith('  =>')),
  );
  return body.flatMap((line) =>
    Array.from({ length: threads }, (_, t) => line.slice(2 + t * (column + 2)))
      .map((rest) => /^ ?(\d+) /.exec(rest)?.[1])
      .flatMap((number) => (number === undefined ? [] : [Number(number)])),
  );
}

/** An act as its own CPU and, by `visible`, the other CPUs come to know of it. */
function replay({ scene, moments }: Schedule): void {
  const known = scene.threads.map(() => new Set<Act>());
  const late = new Map<Act, Set<number | 'all'>>();
  for (const moment of moments) {
    if (moment.what !== 'visible') continue;
    late.set(moment.act, (late.get(moment.act) ?? new Set<number | 'all'>()).add(moment.to));
  }
  const executed = new Set<Act>();
  const execute = (act: Act): void => {
    if (reads(act)) checkRead(scene, act, known[act.thread], executed);
    if (takesLock(act) && act.head.rf !== 'init' && act.head.rf !== undefined) {
      const end = scene.leaves(scene.actAt(act.head.rf));
      expect(end !== undefined && known[act.thread].has(end)).toBe(true);
    }
    executed.add(act);
    const waits = late.get(act);
    known.forEach((seen, t) => {
      if (t === act.thread || !(waits?.has('all') || waits?.has(t))) seen.add(act);
    });
  };
  for (const moment of moments) {
    if (moment.what === 'visible') {
      expect(executed.has(moment.act)).toBe(true);
      known.forEach((seen, t) => {
        if (moment.to === 'all' || moment.to === t) seen.add(moment.act);
      });
    } else if (moment.what === 'early') {
      expect(isAccess(moment.act)).toBe(true);
      execute(moment.act);
    } else if (!moment.isEarly) {
      execute(moment.act);
    }
  }
  expect(executed.size).toBe(scene.acts.length);
}

function checkRead(scene: Scene, read: Act, known: ReadonlySet<Act>, executed: ReadonlySet<Act>): void {
  const source = scene.source(read);
  if (source === undefined) return;
  // LKMM lets a store be forwarded to a read of the same CPU before it executes.
  if (source !== 'init' && source.thread !== read.thread) expect(known.has(source)).toBe(true);
  for (const later of overwriters(scene, source, read.head.label.loc)) {
    expect(later.head.label.kind === Kind.LockRead || writes(later)).toBe(true);
    if (later !== read && executed.has(later)) expect(known.has(later)).toBe(false);
  }
}
