/**
 * An execution as a few bytes: the number of events of each thread, then, while all threads are walked
 * through, the source of every read and every choice, then coherence where several writes share a
 * location. Everything else follows from the step programs, so it is the program that gives it meaning.
 *
 * Both directions walk alike: each thread in turn as far as the sources of its reads are known. Under
 * load buffering nobody may be able to go on; then the lowest thread that waits for a plain value is
 * told it, and only these values are in the bytes.
 */
import { isReadKind, isWriteKind, Kind, looksAtLock } from '../memory/event.ts';
import {
  eventAt,
  foundHeld,
  type EventRef,
  type ExecutedEvent,
  type Execution,
} from '../program/execution.ts';
import { sourceOf } from '../program/section.ts';
import { VarintWriter } from './varint.ts';

/** The walk came to a point where no thread can go on: the bytes do not belong to this program. */
export class Stuck extends Error {}

/**
 * Calls `visit` for each event in the order of the walk; it answers false while the event's source is
 * not there yet. When `told`, the value is in the bytes and only other reasons may make it false.
 */
export function walk(
  counts: readonly number[],
  visit: (thread: number, index: number, told: boolean) => boolean,
): void {
  const at = counts.map(() => 0);
  for (;;) {
    let moved = false;
    counts.forEach((count, t) => {
      for (; at[t] < count && visit(t, at[t], false); at[t]++) moved = true;
    });
    if (counts.every((count, t) => at[t] === count)) return;
    if (moved) continue;
    const told = counts.findIndex((count, t) => at[t] < count && visit(t, at[t], true));
    if (told < 0) throw new Stuck();
    at[told] += 1;
  }
}

/** The bytes of an execution as text; equal executions of one program have equal texts. */
export function encodeExecution(execution: Execution): string {
  return executionBytes(execution).toString('base64url');
}

export function executionBytes(execution: Execution): Buffer {
  const out = new VarintWriter();
  const counts = execution.runs.map((run) => run.events.length);
  const offsets = offsetsOf(counts);
  counts.forEach((count) => out.put(count));
  const done = counts.map(() => 0);
  const announced = counts.map(() => -1);
  walk(counts, (thread, index, told) => {
    const event = execution.runs[thread].events[index];
    const { kind } = event.label;
    if (kind === Kind.Choice) out.put(event.value);
    if (isReadKind(kind)) {
      const rf = event.rf as EventRef | 'init';
      if (announced[thread] !== index) {
        out.put(rf === 'init' ? 0 : offsets[rf.thread] + rf.index + 1);
        if (looksAtLock(kind)) out.put(foundHeld(event) ? 1 : 0);
      }
      announced[thread] = index;
      if (told && kind !== Kind.IsLocked && !foundHeld(event)) {
        if (kind !== Kind.Read) return false;
        out.putSigned(event.value);
      } else if (!told && rf !== 'init' && !isDone(execution, done, event)) {
        return false;
      }
    }
    done[thread] += 1;
    return true;
  });
  for (const writes of writesByLocation(execution)) {
    if (writes.length < 2) continue;
    const order = execution.co[eventAt(execution, writes[0]).label.loc];
    for (const ref of order)
      out.put(writes.findIndex((w) => w.thread === ref.thread && w.index === ref.index));
  }
  return out.bytes();
}

/** Position of each thread's first event when the threads are numbered through. */
export function offsetsOf(counts: readonly number[]): readonly number[] {
  let sum = 0;
  return counts.map((count) => (sum += count) - count);
}

/** The members of coherence, one list per location, in program order and by their first write. */
export function writesByLocation(execution: Pick<Execution, 'runs'>): readonly (readonly EventRef[])[] {
  const lists = new Map<number, EventRef[]>();
  for (const { events } of execution.runs) {
    for (const { thread, index, label } of events) {
      if (!isWriteKind(label.kind)) continue;
      const list = lists.get(label.loc);
      if (list === undefined) lists.set(label.loc, [{ thread, index }]);
      else list.push({ thread, index });
    }
  }
  return [...lists.values()];
}

/** Whether the walk has passed what the read takes its value from. */
function isDone(execution: Execution, done: readonly number[], read: ExecutedEvent): boolean {
  const source = sourceOf(execution, read) as EventRef | undefined;
  return source !== undefined && done[source.thread] > source.index;
}
