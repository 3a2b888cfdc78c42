import { performance } from 'node:perf_hooks';
import type { EngineName } from '../../check/engine.ts';
import type { Reach } from '../../explore/explore.ts';
import { conditionText, type Observation, type Quantifier } from '../../litmus/condition.ts';
import { readLitmus } from '../../litmus/read.ts';
import { stateText } from '../../litmus/states.ts';
import type { LitmusTest } from '../../litmus/test.ts';
import type { CatModel } from '../../litmus/cat/index.ts';
import type { MemoryModel, ModelName } from '../../memory/model.ts';
import { modelByName } from '../../memory/models.ts';
import { FencepostError, type Place } from '../../program/error.ts';
import { readInput } from '../input.ts';
import { catModelOf, type CatFile } from './cat-file.ts';
import type { LitmusFile } from './files.ts';
import { explain } from './explain/index.ts';
import { runLitmus, undisturbed, type LitmusResult } from './run.ts';

/** What to do with a file; plain data, so that it can be handed to a worker. */
export interface Task {
  readonly file: LitmusFile;
  /** The dialect's own where none is given: `lkmm` for C, `x86-tso` for x86. */
  readonly model: ModelName | undefined;
  /** Stands for the memory model. */
  readonly cat?: CatFile;
  readonly engine: EngineName;
  /** Milliseconds. */
  readonly maxTime: number | undefined;
  /** Whether the observation is all that is wanted: no counts, states or flags. */
  readonly verdictOnly?: boolean;
  /** Whether to say why the test comes out as it does. */
  readonly explain?: boolean;
}

/** What every execution of a test comes to. */
export interface Counts {
  readonly states: readonly string[];
  readonly positive: number;
  readonly negative: number;
  readonly flags: readonly string[];
  readonly executions: number;
}

/** A finished test as plain data. */
export interface Report {
  readonly kind: 'report';
  readonly task: Task;
  readonly name: string;
  readonly model: string;
  readonly quantifier: Quantifier;
  readonly condition: string;
  readonly observation: Observation;
  readonly ok: boolean;
  /** Undefined where only the verdict was asked for: then nothing is counted and no flag is judged. */
  readonly counts: Counts | undefined;
  readonly exhaustive: boolean;
  /** Of what the memory model allows (decision 18). */
  readonly reach: Reach;
  /** Cut off by Ctrl-C. */
  readonly interrupted: boolean;
  readonly seconds: number;
  /** The words behind `Result:` in a comment of the file. */
  readonly expected: string | undefined;
  /** Why, in lines; only where the task asks for it. */
  readonly explanation: readonly string[] | undefined;
}

/** A file that could not be read or run, and why. */
export interface Refusal {
  readonly kind: 'refusal';
  readonly task: Task;
  readonly code: string;
  readonly message: string;
  readonly place: Place;
  readonly hint: string | undefined;
  /** The word in the file that it is about, if it is about one. */
  readonly about: string | undefined;
}

/** What a running test needs of the world around it. */
export interface Surroundings {
  /** Milliseconds that only grow. */
  readonly now: () => number;
  /** Called now and then with what the test has come to. */
  readonly onProgress?: (executions: number, blocked: number) => void;
  /** Does the work and says whether it came to its end. */
  readonly supervise?: (work: () => void) => boolean;
}

/** Reads and runs the file of a task. Bad input becomes a refusal; other errors are ours and are thrown. */
export function perform(
  task: Task,
  surroundings: Surroundings = { now: () => performance.now() },
): Report | Refusal {
  try {
    const test = readLitmus(readInput(task.file.path, task.file.shown), task.file.shown);
    const { engine, verdictOnly, maxTime } = task;
    const { now, onProgress, supervise = undisturbed } = surroundings;
    const model = memoryModelOf(task, test);
    const result = runLitmus(test, model, { engine, verdictOnly, maxTime, now, onProgress, supervise });
    let explanation: readonly string[] | undefined;
    // Memory models in cat come with --cat, and the command refuses the two together.
    if (task.explain !== true || 'judge' in model || result.interrupted)
      return reportOf(task, result, explanation);
    const interrupted = !supervise(() => void (explanation = explain(test, model, result)));
    return reportOf(task, { ...result, interrupted }, explanation);
  } catch (error) {
    if (!(error instanceof FencepostError)) throw error;
    const { code, message, place, hint, about } = error;
    return {
      kind: 'refusal',
      task,
      code,
      message,
      place: { ...place, file: place.file ?? task.file.shown },
      hint,
      about,
    };
  }
}

function memoryModelOf({ cat, model }: Task, { arch }: LitmusTest): MemoryModel | CatModel {
  if (cat !== undefined) return catModelOf(cat);
  const found = modelByName(model ?? (arch === 'C' ? 'lkmm' : 'x86-tso'));
  if (found === undefined) throw new FencepostError('unknown-model', `there is no ${String(model)}`);
  return found;
}

function reportOf(task: Task, result: LitmusResult, explanation: readonly string[] | undefined): Report {
  const { test } = result;
  return {
    kind: 'report',
    task,
    name: test.name,
    model: result.model,
    quantifier: test.condition.quantifier,
    condition: conditionText(test.condition),
    observation: result.observation,
    ok: result.ok,
    counts: task.verdictOnly === true ? undefined : countsOf(result),
    exhaustive: result.exhaustive,
    reach: result.reach,
    interrupted: result.interrupted,
    seconds: result.milliseconds / 1000,
    expected: test.info.get('Result'),
    explanation,
  };
}

function countsOf({ test, variables, states, positive, negative, flags, executions }: LitmusResult): Counts {
  const texts = states.map(({ values }) => stateText(test, variables, values));
  return { states: texts, positive, negative, flags, executions };
}
