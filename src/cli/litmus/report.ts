import { performance } from 'node:perf_hooks';
import type { EngineName } from '../../check/engine.ts';
import { conditionText, type Observation, type Quantifier } from '../../litmus/condition.ts';
import { readLitmus } from '../../litmus/read.ts';
import { stateText } from '../../litmus/states.ts';
import type { ModelName } from '../../memory/model.ts';
import { modelByName } from '../../memory/models.ts';
import { FencepostError, type Place } from '../../program/error.ts';
import { textOf, type LitmusFile } from './files.ts';
import { runLitmus, type LitmusResult } from './run.ts';

/** What to do with a file; plain data, so that it can be handed to a worker. */
export interface Task {
  readonly file: LitmusFile;
  /** The dialect's own where none is given: `lkmm` for C, `x86-tso` for x86. */
  readonly model: ModelName | undefined;
  readonly engine: EngineName;
  /** Milliseconds. */
  readonly maxTime: number | undefined;
}

/** A finished test as plain data. */
export interface Report {
  readonly kind: 'report';
  readonly task: Task;
  readonly name: string;
  readonly model: ModelName;
  readonly quantifier: Quantifier;
  readonly condition: string;
  readonly observation: Observation;
  readonly ok: boolean;
  readonly states: readonly string[];
  readonly positive: number;
  readonly negative: number;
  readonly flags: readonly string[];
  readonly executions: number;
  readonly exhaustive: boolean;
  readonly seconds: number;
  /** The words behind `Result:` in a comment of the file. */
  readonly expected: string | undefined;
}

/** A file that could not be read or run, and why. */
export interface Refusal {
  readonly kind: 'refusal';
  readonly task: Task;
  readonly code: string;
  readonly message: string;
  readonly place: Place;
  readonly hint: string | undefined;
}

/** Reads and runs the file of a task. Bad input becomes a refusal; other errors are ours and are thrown. */
export function perform(task: Task, now: () => number = () => performance.now()): Report | Refusal {
  try {
    const test = readLitmus(textOf(task.file), task.file.shown);
    const model = modelByName(task.model ?? (test.arch === 'C' ? 'lkmm' : 'x86-tso'));
    if (model === undefined) throw new FencepostError('unknown-model', `there is no ${String(task.model)}`);
    return reportOf(task, runLitmus(test, model, { engine: task.engine, maxTime: task.maxTime, now }));
  } catch (error) {
    if (!(error instanceof FencepostError)) throw error;
    const { code, message, place, hint } = error;
    return {
      kind: 'refusal',
      task,
      code,
      message,
      place: { ...place, file: place.file ?? task.file.shown },
      hint,
    };
  }
}

function reportOf(task: Task, result: LitmusResult): Report {
  const { test, variables, states } = result;
  return {
    kind: 'report',
    task,
    name: test.name,
    model: result.model,
    quantifier: test.condition.quantifier,
    condition: conditionText(test.condition),
    observation: result.observation,
    ok: result.ok,
    states: states.map(({ values }) => stateText(test, variables, values)),
    positive: result.positive,
    negative: result.negative,
    flags: result.flags,
    executions: result.executions,
    exhaustive: result.exhaustive,
    seconds: result.milliseconds / 1000,
    expected: test.info.get('Result'),
  };
}
