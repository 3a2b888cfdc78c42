import { Bar } from '../bar.ts';
import type { Call } from '../command.ts';
import { Exit } from '../exit.ts';
import { MutantReport } from '../mutants/report.ts';
import { mutantTasks, perform, type MutantResult } from '../mutants/perform.ts';
import { performAll } from '../perform-all.ts';
import { chosenScenarios } from '../regress/tasks.ts';

/** Milliseconds that one judgement of a mutant may take: so many that a loaded machine changes no answer. */
const DEFAULT_TIME = 60_000;

/** `fencepost mutants`. */
export async function mutants({ flags, io, catalogue }: Call): Promise<Exit> {
  const known = await catalogue();
  const tasks = mutantTasks(chosenScenarios(known, flags), flags.maxTime ?? DEFAULT_TIME);
  const bar = new Bar(io, tasks.length, 'mutants');
  const results: MutantResult[] = [];
  const work = {
    tasks,
    worker: new URL('../mutants/worker.js', import.meta.url),
    perform: (task: (typeof tasks)[number]) => perform(known, task),
    onDone: (done: number) => bar.show(done),
  };
  for await (const result of performAll(work, io)) results.push(result);
  bar.clear();
  const interrupted = results.length < tasks.length;
  const report = new MutantReport(results, known.survivors);
  io.out(flags.json === true ? report.json(interrupted) : report.text(io, tasks.length));
  return interrupted ? Exit.Interrupted : report.exit();
}
