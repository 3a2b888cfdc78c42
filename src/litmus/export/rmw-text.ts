/** How C spells a read-modify-write, found out from what it stores for each value that it may read. */
import { Kind, Mark } from '../../memory/event.ts';
import { FencepostError } from '../../program/error.ts';
import type { Behaviour } from '../../program/tree.ts';
import { expressionFor, isFunction, type Case } from './expression.ts';

const SUFFIX: ReadonlyMap<Mark, string> = new Map<Mark, string>([
  [Mark.Plain, '_relaxed'],
  [Mark.Once, '_relaxed'],
  [Mark.Acquire, '_acquire'],
  [Mark.Release, '_release'],
  [Mark.Full, ''],
  [Mark.Noreturn, ''],
]);

/** `halves` are the nodes behind the read: a write, or the place of one that a failed cmpxchg left out. */
export function rmwText(reads: readonly Behaviour[], halves: readonly Behaviour[], pointer: string): string {
  const [{ label, at }] = reads;
  const { mark } = label;
  const suffix = SUFFIX.get(mark);
  if (suffix === undefined) throw refused(reads[0]);
  const writes = halves.filter((half) => half.label.kind === Kind.Write);
  const stored: Case[] = writes.map((node) => ({ node, value: node.label.value }));
  const data = [...new Set(writes.flatMap((half) => half.label.data))];
  const own = data.includes(at);
  const on = data.filter((read) => read !== at);
  if (label.expected !== undefined && mark !== Mark.Noreturn) {
    if (reads.some((read) => read.label.expected !== label.expected)) throw refused(reads[0]);
    // Where no value makes it succeed, it does not matter what it would store.
    const value = stored.length === 0 ? String(label.expected) : expressionFor(stored, on);
    return `cmpxchg${suffix}(${pointer}, ${label.expected}, ${value})`;
  }
  if (!own && mark !== Mark.Noreturn) return `xchg${suffix}(${pointer}, ${expressionFor(stored, on)})`;
  const name = (operation: string): string =>
    mark === Mark.Noreturn ? `atomic_${operation}` : `atomic_fetch_${operation}${suffix}`;
  const added = writes.map((node) => ({ node, value: node.label.value - node.key }));
  if (isFunction(added, on)) return `${name('add')}(${expressionFor(added, on)}, ${pointer})`;
  const set = writes.reduce((bits, { label: { value } }) => bits & value, -1);
  if (writes.every((node) => (node.key | set) === node.label.value))
    return `${name('or')}(${set}, ${pointer})`;
  const cleared = writes.reduce((bits, node) => bits | (node.key & ~node.label.value), 0);
  if (writes.every((node) => (node.key & ~cleared) === node.label.value))
    return `${name('andnot')}(${cleared}, ${pointer})`;
  throw refused(reads[0]);
}

function refused({ label }: Behaviour): FencepostError {
  return new FencepostError('export-rmw', `«${label.text}» is none of the kernel's atomics`, {
    hint: 'xchg, cmpxchg with a constant, and atomics that add, set or clear bits can be exported',
  });
}
