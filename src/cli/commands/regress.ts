import { Bar } from '../bar.ts';
import type { Call } from '../command.ts';
import { Exit, worst } from '../exit.ts';
import { exitOf } from '../judging.ts';
import { performAll } from '../perform-all.ts';
import { perform, type Regressed } from '../regress/perform.ts';
import { Report } from '../regress/report.ts';
import { tasksOf } from '../regress/tasks.ts';

/** `fencepost regress`: the catalogue against its expectations. */
export async function regress({ flags, io, catalogue }: Call): Promise<Exit> {
  const known = await catalogue();
  const tasks = tasksOf(known, flags);
  const bar = new Bar(io, tasks.length, 'verdicts');
  const report = new Report(io, tasks);
  const start = io.now();
  const all: Regressed[] = [];
  const work = {
    tasks,
    worker: new URL('../regress/worker.js', import.meta.url),
    perform: (task: (typeof tasks)[number]) => perform(known, task, () => io.now()),
    onDone: (done: number) => bar.show(done),
  };
  for await (const result of performAll(work, io)) {
    bar.clear();
    all.push(result);
    if (flags.json !== true) report.add(result.row);
  }
  bar.clear();
  const interrupted = all.length < tasks.length;
  if (flags.json === true) {
    const results = all.map(({ row }) => row);
    io.out(`${JSON.stringify({ results, ...(interrupted && { interrupted }) }, null, 2)}\n`);
  } else {
    for (const { counterexample } of all) if (counterexample !== undefined) io.out(`\n${counterexample}`);
    report.end(tasks.length, io.now() - start);
  }
  return interrupted ? Exit.Interrupted : worst(all.map(({ row }) => exitOf(row)));
}
