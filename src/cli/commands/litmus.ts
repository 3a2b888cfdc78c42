import { resolve } from 'node:path';
import { FencepostError } from '../../program/error.ts';
import type { Call } from '../command.ts';
import { Exit } from '../exit.ts';
import type { Flags } from '../flags.ts';
import type { Io } from '../io.ts';
import { Bar } from '../bar.ts';
import { catModelOf, type CatFile } from '../litmus/cat-file.ts';
import { filesOf } from '../litmus/files.ts';
import { herdText } from '../litmus/herd-text.ts';
import { jsonLine } from '../litmus/json-line.ts';
import { judgeLitmus } from '../litmus/judge.ts';
import { Reference, type Difference } from '../litmus/reference.ts';
import { perform, type Refusal, type Report, type Task } from '../litmus/perform.ts';
import { performAll } from '../perform-all.ts';
import { Progress } from '../progress.ts';
import { errorText } from '../report-error.ts';
import { tableOf } from '../table.ts';

/** Fewer files than this are not worth the start of a worker. */
const WORTHWHILE = 8;

/** `fencepost litmus`. */
export async function litmus({ words, flags, io }: Call): Promise<Exit> {
  if (flags.verdictOnly === true) refuseWithVerdictOnly(flags);
  const cat = flags.cat === undefined ? undefined : catFile(flags, io);
  const engine = cat === undefined ? (flags.engine ?? 'graph') : 'enumerate';
  const models = flags.model?.map(({ name }) => name) ?? [undefined];
  const files = filesOf(words, io.cwd);
  const tasks = models.flatMap((model) =>
    files.map((file): Task => {
      const { maxTime, explain, verdictOnly } = flags;
      return { file, model, cat, engine, maxTime, explain, verdictOnly };
    }),
  );
  const reference = flags.reference === undefined ? undefined : new Reference(flags.reference, io.cwd);
  const bar = new Bar(io, tasks.length);
  const tally = new Tally(io, reference);
  const progress = new Progress(io);
  const surroundings = {
    now: () => io.now(),
    supervise: (search: () => void) => io.supervise(search),
    onProgress: (executions: number, blocked: number) => progress.tick(executions, blocked),
  };
  const work = {
    tasks,
    worker: new URL('../litmus/worker.js', import.meta.url),
    worthwhile: WORTHWHILE,
    perform: (task: Task) => {
      progress.begin(task.file.name);
      return perform(task, surroundings);
    },
    isCutOff: (result: Report | Refusal) => result.kind === 'report' && result.interrupted,
    onDone: (done: number) => bar.show(done),
  };
  for await (const result of performAll(work, io)) {
    progress.clear();
    bar.clear();
    if (flags.json === true) io.out(jsonLine(result));
    else if (result.kind === 'refusal') io.err(`${refusalText(result)}\n`);
    else if (flags.judge !== true && reference === undefined) io.out(herdText(result));
    tally.add(result, flags.judge === true, flags.json !== true);
  }
  bar.clear();
  if (tally.unfinished(tasks.length))
    io.err(`interrupted: ${tally.seen} of ${tasks.length} tests were run to the end\n`);
  if (reference !== undefined && flags.json !== true) tally.printDifferences();
  return tally.exit();
}

/** The verdict alone is looked for in a way of its own, and leaves out what others work on. */
function refuseWithVerdictOnly({ cat, engine, explain, judge }: Flags): void {
  const asked = { '--cat': cat, '--engine': engine, '--explain': explain, '--judge': judge };
  for (const [flag, value] of Object.entries(asked)) {
    if (value !== undefined)
      throw new FencepostError('verdict-only', `--verdict-only and ${flag} do not go together`, {
        hint: 'it looks for single executions under a built-in memory model, without counts and flags',
      });
  }
}

/** Read at once: a file that makes no sense would make none in every test. */
function catFile(flags: Flags, io: Io): CatFile {
  const shown = flags.cat as string;
  if (flags.model !== undefined)
    throw new FencepostError('two-models', 'both --cat and --model name a memory model');
  if (flags.explain === true)
    throw new FencepostError(
      'explain-cat',
      'memory models in cat are not explained: leave --explain or --cat out',
    );
  if (flags.engine !== undefined && flags.engine !== 'enumerate')
    throw new FencepostError('engine-model', `the ${flags.engine} engine knows no memory models in cat`, {
      hint: 'they run by enumeration: leave --engine out',
    });
  const file = { path: resolve(io.cwd, shown), shown };
  catModelOf(file);
  return file;
}

/** What the results of a run mean for its exit code, and what they are judged by. */
class Tally {
  readonly #io: Io;
  readonly #reference: Reference | undefined;
  readonly #differences: Difference[] = [];
  readonly #counts = { same: 0, different: 0, unknown: 0, unfinished: 0 };
  seen = 0;
  #interrupted = false;
  #refused = 0;
  #bounded = 0;
  #failed = 0;

  constructor(io: Io, reference: Reference | undefined) {
    this.#io = io;
    this.#reference = reference;
  }

  add(result: Report | Refusal, judging: boolean, prints: boolean): void {
    if (result.kind === 'report' && result.interrupted) this.#interrupted = true;
    else this.seen += 1;
    if (result.kind === 'refusal') this.#refused += 1;
    else if (!result.exhaustive) this.#bounded += 1;
    if (judging) {
      const { text, holds } = judgeLitmus(result);
      if (prints) this.#io.out(text);
      // What stopped too early has failed nothing.
      if (!holds && result.kind === 'report' && result.exhaustive) this.#failed += 1;
    }
    if (this.#reference === undefined) return;
    const comparison = this.#reference.compare(result);
    this.#counts[comparison.kind] += 1;
    if (comparison.kind === 'different') this.#differences.push(...comparison.differences);
  }

  printDifferences(): void {
    const { same, different, unknown, unfinished } = this.#counts;
    if (this.#differences.length > 0) {
      const columns = [{ title: 'test' }, { title: 'what' }, { title: 'fencepost' }, { title: 'reference' }];
      const rows = this.#differences.map(({ test, what, ours, reference }) =>
        [test, what, ours, reference].map((text) => ({ text })),
      );
      this.#io.out(`${tableOf(columns, rows)}\n`);
    }
    const more = [
      ...(unknown > 0 ? [`${unknown} without a reference`] : []),
      ...(unfinished > 0 ? [`${unfinished} not finished`] : []),
    ];
    this.#io.out(`${[`${same} agree`, `${different} differ`, ...more].join(', ')}\n`);
  }

  /** Whether Ctrl-C has come before all of so many tests were run. */
  unfinished(tests: number): boolean {
    this.#interrupted ||= this.seen < tests;
    return this.#interrupted;
  }

  exit(): Exit {
    if (this.#interrupted) return Exit.Interrupted;
    if (this.#failed > 0 || this.#counts.different > 0) return Exit.Violated;
    if (this.#refused > 0) return Exit.BadInput;
    return this.#bounded > 0 ? Exit.Inconclusive : Exit.Holds;
  }
}

function refusalText({ code, message, place, hint }: Refusal): string {
  return errorText(new FencepostError(code, message, { ...place, hint }));
}
