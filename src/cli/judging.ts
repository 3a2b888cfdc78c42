import { judge, type Judgement, type JudgeOptions } from '../check/run.ts';
import type { Scenario, VerdictName } from '../check/scenario.ts';
import type { MemoryModel } from '../memory/model.ts';
import type { Proposal } from '../program/site.ts';
import { Exit } from './exit.ts';
import type { Flags } from './flags.ts';
import type { Io } from './io.ts';
import { Progress } from './progress.ts';

/** One verdict to find out. */
export interface Task {
  readonly scenario: Scenario;
  readonly proposal: Proposal;
  readonly model: MemoryModel;
}

/** Judges one after the other; each verdict comes as soon as it is known. An interrupted one is the last. */
export function* judgeAll(tasks: readonly Task[], flags: Flags, io: Io): Generator<Judgement> {
  const progress = new Progress(io);
  const options: JudgeOptions = {
    engine: flags.engine,
    maxExecutions: flags.maxExecutions,
    maxTime: flags.maxTime,
    now: () => io.now(),
    supervise: (search) => io.supervise(search),
    onProgress: (executions, blocked) => progress.tick(executions, blocked),
  };
  for (const [i, { scenario, proposal, model }] of tasks.entries()) {
    progress.begin(`[${i + 1}/${tasks.length}] ${scenario.name}, ${proposal.name}, ${model.name}`);
    try {
      const judgement = judge(scenario, proposal, model, options);
      progress.clear();
      yield judgement;
      if (judgement.interrupted) return;
    } finally {
      progress.clear();
    }
  }
}

/** What a verdict is judged by. */
export interface Outcome {
  readonly verdict: VerdictName;
  readonly expected: VerdictName;
  readonly interrupted?: boolean;
}

export function isAsExpected({ verdict, expected }: Outcome): boolean {
  return verdict === expected;
}

/** What a verdict means for the exit code. */
export function exitOf(outcome: Outcome): Exit {
  if (outcome.interrupted === true) return Exit.Interrupted;
  if (outcome.verdict === 'bounded') return Exit.Inconclusive;
  return isAsExpected(outcome) ? Exit.Holds : Exit.Violated;
}
