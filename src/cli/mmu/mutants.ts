/** `fencepost mmu mutants`: leaves out one step of KVM at a time, and says whether the search notices. */
import { Bar } from '../bar.ts';
import type { Call } from '../command.ts';
import { Exit } from '../exit.ts';
import { performAll } from '../perform-all.ts';
import { loadSequential } from './load.ts';
import { mmuKindOf } from './selection.ts';
import { MmuMutantReport } from './mutants/report.ts';
import { mmuMutantTasks, performMutant, type MmuMutantResult } from './mutants/trial.ts';

export async function mmuMutants({ flags, io }: Call): Promise<Exit> {
  const known = await loadSequential();
  const tasks = mmuMutantTasks(known, flags);
  const bar = new Bar(io, tasks.length, 'mutants');
  const results: MmuMutantResult[] = [];
  const work = {
    tasks,
    worker: new URL('./mutants/worker.js', import.meta.url),
    perform: (task: (typeof tasks)[number]) => performMutant(known, task, () => io.now()),
    onDone: (done: number) => bar.show(done),
  };
  for await (const result of performAll(work, io)) results.push(result);
  bar.clear();
  const interrupted = results.length < tasks.length;
  const report = new MmuMutantReport(
    results,
    known.survivorsOf(mmuKindOf(known, flags)),
    tasks[0]?.depth ?? 0,
  );
  io.out(flags.json === true ? report.json(interrupted) : report.text(io, tasks.length));
  return interrupted ? Exit.Interrupted : report.exit();
}
