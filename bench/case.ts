/** One measurement in a process of its own, so that peak memory belongs to it alone: `case.js PROGRAM MODEL`. */
import { explore } from '../src/explore/explore.ts';
import { modelByName } from '../src/memory/models.ts';
import { BehaviourTree } from '../src/program/tree.ts';
import {
  lockContention,
  lockedStoreBuffering,
  messagePassing,
  miniature,
  storeBuffering,
  writers,
} from '../test/support/programs.ts';
import type { Program } from '../src/program/program.ts';

const MAKERS: Readonly<Record<string, (a: number, b: number) => Program>> = {
  sb: (n) => storeBuffering(n),
  locked: (n) => lockedStoreBuffering(n),
  writers: (n) => writers(n),
  lock: lockContention,
  mp: messagePassing,
  miniature: (writers, faults) => miniature(writers, faults),
};

/** What a case prints: one line of JSON. */
export interface Measurement {
  readonly program: string;
  readonly model: string;
  readonly executions: number;
  readonly blocked: number;
  /** Events of the largest execution. */
  readonly events: number;
  readonly seconds: number;
  /** Peak resident memory of the process, MiB. */
  readonly peak: number;
  /** Growth of the live heap from before to after the exploration, MiB. */
  readonly heap: number;
}

function measure(name: string, modelName: string): Measurement {
  const [maker, a, b] = name.split('-');
  const make = MAKERS[maker];
  const model = modelByName(modelName);
  if (make === undefined || model === undefined) throw new Error(`no such case: ${name} ${modelName}`);
  // The compiler warms up on the smallest sibling; what is measured is the steady state.
  for (let i = 0; i < 200; i++) run(make(2, 1), model);
  const program = make(Number(a), Number(b));
  const before = liveHeap();
  const start = performance.now();
  const counts = run(program, model);
  const seconds = (performance.now() - start) / 1000;
  const heap = liveHeap() - before;
  const peak = process.resourceUsage().maxRSS / 1024;
  return { program: name, model: modelName, ...counts, seconds, peak, heap };
}

function run(
  program: Program,
  model: NonNullable<ReturnType<typeof modelByName>>,
): { executions: number; blocked: number; events: number } {
  let executions = 0;
  let blocked = 0;
  let events = 0;
  explore(new BehaviourTree(program), model, {
    begin() {
      executions = 0;
      blocked = 0;
    },
    execution(graph) {
      executions += 1;
      if (graph.n > events) events = graph.n;
    },
    blocked() {
      blocked += 1;
    },
  });
  return { executions, blocked, events };
}

function liveHeap(): number {
  (globalThis as { gc?: () => void }).gc?.();
  return process.memoryUsage().heapUsed / 2 ** 20;
}

process.stdout.write(`${JSON.stringify(measure(process.argv[2], process.argv[3]))}\n`);
