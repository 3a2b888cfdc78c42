import type { ModelName } from '../memory/model.ts';
import type { Execution } from '../program/execution.ts';
import type { Program } from '../program/program.ts';
import type { Violation } from '../program/violation.ts';
import { Scene } from './act.ts';
import { Columns } from './columns.ts';
import { wrap } from './line.ts';
import { missingText } from './missing.ts';
import { scheduleOf } from './schedule.ts';
import { cpuName, stepsOf } from './step.ts';

/** With the violated property and what is wrong. */
export interface RaceOptions extends Violation {
  readonly model: ModelName;
  /** Other memory models that allow the execution: where they miss something else, that is said as well. */
  readonly others?: readonly ModelName[];
  /** At most so many characters in a line; 72 by default, as in a commit message. */
  readonly width?: number;
}

/**
 * The race diagram of a kernel commit message: a column for each CPU, numbered steps from top to bottom,
 * the violated property, and the ordering whose absence lets it happen.
 */
export function renderRace(program: Program, execution: Execution, options: RaceOptions): string {
  const { model, others = [], property, message, width = 72 } = options;
  const scene = new Scene(program, execution);
  const schedule = scheduleOf(scene, model);
  const { steps, numberOf } = stepsOf(schedule);
  const columns = new Columns(
    program.threads.map(({ name }, t) =>
      cpuName(name, t) === name || name.startsWith(cpuName(name, t)) ? name : `CPU${t} (${name})`,
    ),
    width,
    String(steps.length).length,
  );
  for (const step of steps) columns.step(step);
  execution.runs.forEach(({ ends }, t) => {
    if (ends.status === 'waiting') columns.remark(t, `... waits for ever: ${ends.for}`);
  });
  const lines = [...columns.lines(), ...paragraph(`=> ${property}: ${message}`, width, 3)];
  if (!schedule.isExact)
    lines.push(
      ...paragraph('(no order of these steps explains every value: the nearest one is shown)', width, 1),
    );
  const missingUnder = (name: ModelName): string[] =>
    missingText(scene, name, numberOf).flatMap((text, i) =>
      paragraph(`${i === 0 ? 'missing' : '    and'}: ${text}`, width, 9),
    );
  const missing = missingUnder(model);
  lines.push(...missing);
  for (const other of others) {
    const more = missingUnder(other);
    if (more.join('\n') !== missing.join('\n'))
      lines.push(...paragraph(`under ${other}:`, width, 0), ...more);
  }
  return lines.join('\n');
}

const INDENT = 2;

function paragraph(text: string, width: number, hanging: number): string[] {
  return wrap(text, Math.max(1, width - INDENT), hanging).map((line) =>
    (' '.repeat(INDENT) + line).trimEnd(),
  );
}
