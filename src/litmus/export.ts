/**
 * A small program as a litmus test in C that herd7 accepts: the whole behaviour of each thread, and, for a
 * given execution, an `exists` clause that only executions with its reads and final values satisfy.
 */
import { answerOf, isReadKind, Kind, looksAtLock, Mark } from '../memory/event.ts';
import { eventAt, type Execution } from '../program/execution.ts';
import type { Program } from '../program/program.ts';
import { BehaviourTree } from '../program/tree.ts';
import { Domain } from './export/domain.ts';
import { registerName } from './export/expression.ts';
import { Names } from './export/names.ts';
import { CUT, ThreadText } from './export/thread-text.ts';
import { Path, type Walk } from './export/walk.ts';

/**
 * Throws a FencepostError of code `export-…` for what litmus tests cannot say: guarded state that changes,
 * addresses that reads decide, choices that no execution has made, programs that are too large.
 */
export function exportLitmus(program: Program, execution?: Execution): string {
  return litmusText(new Domain(new BehaviourTree(program), execution), execution);
}

/**
 * The core of one execution, of a program of any size: what its threads did there, up to the first decision
 * that goes another way. What a lock guards is a plain location that holds the number of the state.
 */
export function exportCore(program: Program, execution: Execution): string {
  return litmusText(new Path(program, execution), execution);
}

function litmusText(walk: Walk, execution: Execution | undefined): string {
  const { program } = walk;
  const names = new Names(program);
  const threads = program.threads.map((_, t) => {
    const text = new ThreadText(walk, names);
    return { text, lines: text.lines(t) };
  });
  const touched = new Set(threads.flatMap(({ text }) => [...text.touched]));
  const srcus = new Set(threads.flatMap(({ text }) => [...text.srcus]));
  const isLock = (loc: number): boolean => program.memory.at(loc).kind === 'lock';
  /** What has a value that a condition can name. */
  const variables = new Set([...touched].filter((loc) => !isLock(loc) && !srcus.has(loc)));
  const typeOf = (loc: number): string =>
    srcus.has(loc) ? 'struct srcu_struct' : isLock(loc) ? 'spinlock_t' : 'int';
  const initial = [...variables]
    .filter((loc) => program.memory.initialValue(loc) !== 0)
    .map((loc) => `\tint ${names.of(loc)} = ${program.memory.initialValue(loc)};`);
  const processes = threads.map(({ text, lines }, t) => {
    const parameters = [...text.touched].map((loc) => `${typeOf(loc)} *${names.of(loc)}`);
    parameters.push(...[...text.states].map((lock) => `int *${names.ofState(lock)}`));
    const registers = [...text.registers].sort((a, b) => a - b).map((at) => `\tint ${registerName(at)};`);
    if (text.isCut) registers.push(`\tint ${CUT};`);
    if (registers.length > 0) registers.push('');
    const body = [...registers, ...lines.map((line) => `\t${line}`)];
    return [
      `/* ${commentOf(program.threads[t].name)} */`,
      `P${t}(${parameters.join(', ')})`,
      '{',
      ...body,
      '}',
      '',
    ];
  });
  const shown = [
    ...threads.flatMap(({ text }, t) =>
      [...text.registers].sort((a, b) => a - b).map((at) => `${t}:${registerName(at)};`),
    ),
    ...[...variables].map((loc) => `${names.of(loc)};`),
  ];
  const cut = threads.flatMap(({ text }, t) => (text.isCut ? [`${t}:${CUT}=0`] : []));
  return [
    `C ${titleOf(program.name)}`,
    '',
    ...names.legend(),
    initial.length === 0 ? '{}' : ['{', ...initial, '}'].join('\n'),
    '',
    ...processes.flat(),
    // A condition shows its own variables.
    ...(execution === undefined && shown.length > 0 ? [`locations [${shown.join(' ')}]`] : []),
    ...(cut.length > 0 ? [`filter (${cut.join(' /\\ ')})`] : []),
    `exists (${execution === undefined ? 'true' : outcomeOf(walk, execution, names, variables)})`,
    '',
  ].join('\n');
}

/** What the execution read and left in memory, as a proposition. */
function outcomeOf(walk: Walk, execution: Execution, names: Names, variables: ReadonlySet<number>): string {
  const reads = execution.runs.flatMap(({ events }, t) =>
    events
      .filter(({ label: { kind, mark, loc } }) =>
        kind === Kind.Read
          ? mark !== Mark.Noreturn
          : looksAtLock(kind) || (isReadKind(kind) && walk.guards(loc)),
      )
      .map(({ index, label, value }) => `${t}:${registerName(index)}=${answerOf(label.kind, value)}`),
  );
  const finals = execution.co.flatMap((order, loc) => {
    const last = order.at(-1);
    if (last === undefined || !variables.has(loc)) return [];
    return [`${names.of(loc)}=${eventAt(execution, last).value}`];
  });
  return [...reads, ...finals].join(' /\\ ') || 'true';
}

/** A name without blanks and without what opens something else. */
function titleOf(name: string): string {
  return name.replace(/[^\w.+-]+/g, '-') || 'exported';
}

function commentOf(name: string): string {
  return name.replaceAll('*/', '* /');
}
