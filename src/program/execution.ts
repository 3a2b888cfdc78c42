import { HELD, isWriteKind, Kind, looksAtLock } from '../memory/event.ts';
import type { Program } from './program.ts';
import type { StepLabel } from './stepper.ts';
import type { ThreadViolation } from './violation.ts';

/** An event named by its place in the program: thread number and program-order index. */
export interface EventRef {
  readonly thread: number;
  readonly index: number;
}

/** One event of a finished execution. */
export interface ExecutedEvent extends EventRef {
  readonly label: StepLabel;
  /** What a read read, a write stored, a choice chose, an unlock published. */
  readonly value: number;
  /**
   * For reads the write read from: an event, or the initial one. An event that takes a lock names the
   * LockWrite of the section that it follows, a look at a lock that of the section that it found, whether that
   * had ended or not. Undefined for everything that reads nothing.
   */
  readonly rf: EventRef | 'init' | undefined;
}

export type Ending =
  | { readonly status: 'end' | 'dropped' }
  | ({ readonly status: 'violation' } & ThreadViolation)
  /** Waits for ever: for a lock, or for a value; `for` says it in kernel words. */
  | { readonly status: 'waiting'; readonly for: string };

export interface ThreadRun {
  readonly events: readonly ExecutedEvent[];
  readonly ends: Ending;
}

/** An execution in a form that lasts: the graph that an engine found, with the labels of its events. */
export interface Execution {
  readonly runs: readonly ThreadRun[];
  /** Coherence order by location id, initial writes left out; for a lock the order of its write sections. */
  readonly co: readonly (readonly EventRef[])[];
}

export function eventAt(execution: Execution, ref: EventRef): ExecutedEvent {
  return execution.runs[ref.thread].events[ref.index];
}

/** Whether a look at a lock has found it held: then it reads from the LockWrite that its `rf` names. */
export function foundHeld({ label, value }: Pick<ExecutedEvent, 'label' | 'value'>): boolean {
  return looksAtLock(label.kind) && value === HELD;
}

/** Identity of an execution as text, equal for equal executions whatever engine found them. */
export function executionKey(program: Program, execution: Execution): string {
  const runs = execution.runs.map((run) =>
    run.events
      .map((event) => `${eventText(event)}${event.rf === undefined ? '' : `<${refText(event.rf)}`}`)
      .join(' '),
  );
  const orders: string[] = [];
  execution.co.forEach((order, loc) => {
    if (order.length > 0) orders.push(`${program.memory.at(loc).name}:${order.map(refText).join(',')}`);
  });
  return [...runs, ...orders.sort()].join('\n');
}

function eventText(event: ExecutedEvent): string {
  const { label, value } = event;
  if (looksAtLock(label.kind)) return `${label.kind}/${label.text}/${foundHeld(event) ? 'held' : 'free'}`;
  // What locks read and publish are ids that each behaviour tree gives out for itself.
  const shown =
    isWriteKind(label.kind) || label.kind === Kind.Choice || (label.rmw && label.kind !== Kind.LockRead)
      ? value
      : '';
  return `${label.kind}/${label.text}/${shown}`;
}

function refText(ref: EventRef | 'init'): string {
  return ref === 'init' ? 'init' : `${ref.thread}.${ref.index}`;
}
