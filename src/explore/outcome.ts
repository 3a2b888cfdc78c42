import { isReadKind, Kind } from '../memory/event.ts';
import { eventAt, type Ending, type Execution } from '../program/execution.ts';
import type { Program } from '../program/program.ts';
import { sectionEnd } from '../program/section.ts';
import type { Behaviour } from '../program/tree.ts';
import { endingAt } from './ending.ts';

/**
 * What an execution shows from outside, as text: what each thread read and chose in program order, how
 * it ended, and the final memory. Guarded states appear as the ids of the behaviour tree, so outcomes are
 * compared between engines that share one. A read that waits for ever has not happened.
 */
export function outcomeText(
  program: Program,
  threads: readonly { readonly seen: readonly number[]; readonly ends: string }[],
  memory: readonly number[],
): string {
  const runs = threads.map(({ seen, ends }, t) => `${program.threads[t].name}: ${[...seen, ends].join(' ')}`);
  const final = memory.map((value, loc) => `${program.memory.at(loc).name}=${value}`).sort();
  return [...runs, final.join(' ')].join('; ');
}

/** The outcome of an execution that a graph engine found. */
export function outcomeOf(program: Program, execution: Execution): string {
  const threads = execution.runs.map(({ events, ends }) => {
    const last = events.at(-1);
    const waits =
      ends.status === 'waiting' && last?.label.until !== undefined && !last.label.until(last.value);
    const done = waits ? events.slice(0, -1) : events;
    const seen = done.filter(({ label }) => isSeen(label.kind)).map(({ value }) => value);
    return { seen, ends: endText(ends) };
  });
  const memory = Array.from({ length: program.memory.size }, (_, loc) => {
    const values = (execution.co[loc] ?? []).flatMap((ref) => {
      const write = eventAt(execution, ref);
      if (write.label.kind !== Kind.LockWrite) return [write.value];
      const end = sectionEnd(execution.runs[ref.thread].events, ref);
      return end === undefined ? [] : [end.value];
    });
    return values.at(-1) ?? program.memory.initialValue(loc);
  });
  return outcomeText(program, threads, memory);
}

/** The same of the path that leads to a behaviour node. */
export function seenBefore(node: Behaviour): number[] {
  const seen: number[] = [];
  for (let child = node; child.parent !== undefined; child = child.parent)
    if (isSeen(child.parent.label.kind)) seen.unshift(child.key);
  return seen;
}

export function endOf(node: Behaviour): string {
  return endText(endingAt(node));
}

function endText(ends: Ending): string {
  switch (ends.status) {
    case 'end':
    case 'dropped':
      return ends.status;
    case 'violation':
      return `violates ${ends.property}`;
    case 'waiting':
      return `waits in ${ends.for}`;
  }
}

function isSeen(kind: Kind): boolean {
  return isReadKind(kind) || kind === Kind.Choice;
}
