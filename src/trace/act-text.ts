import { answerOf, Kind, Mark } from '../memory/event.ts';
import type { ExecutedEvent } from '../program/execution.ts';
import type { Memory } from '../program/location.ts';
import { accessText } from '../program/text.ts';
import type { Act } from './act.ts';
import { NBSP } from './line.ts';

const COUNTS = /\+\+|--|[-+]=/;

/** One act as a line of C with the values that it saw. */
export function actText(memory: Memory, act: Act): string {
  const { head, tail } = act;
  const { kind, text, rmw } = head.label;
  switch (kind) {
    case Kind.Read:
      return rmw ? rmwText(memory, head, tail) : loadText(memory, head);
    case Kind.Write:
      return storeText(memory, head);
    case Kind.Choice: {
      const names = text.replace(/^choose /, '').split(' | ');
      return `choose ${names[head.value] ?? head.value}`;
    }
    case Kind.TryLock:
    case Kind.IsLocked:
      return `${spelled(text)} ==${NBSP}${answerOf(kind, head.value)}`;
    case Kind.Fence:
    case Kind.LockRead:
    case Kind.LockWrite:
    case Kind.Unlock:
    case Kind.ReadLock:
    case Kind.ReadUnlock:
    case Kind.Skip:
      return spelled(text);
  }
}

function loadText(memory: Memory, { label, value }: ExecutedEvent): string {
  const shown = valueText(memory, label.loc, value);
  const text = spelled(label.text);
  if (COUNTS.test(text)) return `${text} reads ${shown}`;
  // «old = f(x) == 1» would be another assignment.
  return `${text}${text.includes(' = ') ? '  ' : ' '}==${NBSP}${shown}`;
}

function storeText(memory: Memory, { label, value }: ExecutedEvent): string {
  const { mark, loc } = label;
  const text = spelled(label.text);
  const shown = valueText(memory, loc, value);
  const isOwnForm = label.text === accessText('write', mark, memory.at(loc).name);
  if (isOwnForm && text.endsWith(')')) return `${text.slice(0, -1)}, ${shown})`;
  if (COUNTS.test(text)) return `${text} stores ${shown}`;
  return text.includes(' = ') ? `${text}  (${shown})` : `${text} = ${shown}`;
}

function rmwText(memory: Memory, head: ExecutedEvent, tail: ExecutedEvent | undefined): string {
  const { loc, mark, expected } = head.label;
  const text = spelled(head.label.text);
  const found = valueText(memory, loc, head.value);
  if (tail?.label.kind !== Kind.Write) {
    const wanted = expected === undefined ? '' : `, not ${valueText(memory, loc, expected)}`;
    return `${text} ==${NBSP}${found}${wanted}: fails`;
  }
  const returns = mark !== Mark.Noreturn && !COUNTS.test(text);
  const change = `${found}${NBSP}->${NBSP}${valueText(memory, loc, tail.value)}`;
  return returns ? `${text} ==${NBSP}${change}` : `${text}: ${change}`;
}

/** `x++` and the like: a read and the write that depends on it, spelled as one. */
export function isCounting(read: Act, write: Act): boolean {
  const [a, b] = [read.head.label, write.head.label];
  return (
    a.kind === Kind.Read &&
    b.kind === Kind.Write &&
    !a.rmw &&
    !b.rmw &&
    a.loc === b.loc &&
    a.text === b.text &&
    write.place === read.place + 1 &&
    b.data.includes(read.head.index)
  );
}

export function countingText(memory: Memory, read: Act, write: Act): string {
  const { text, loc } = read.head.label;
  const [from, to] = [read.head.value, write.head.value];
  const change = `${valueText(memory, loc, from)}${NBSP}->${NBSP}${valueText(memory, loc, to)}`;
  if (COUNTS.test(text) || text !== memory.at(loc).name) return `${text}: ${change}`;
  return `${text}${operator(to - from)}: ${change}`;
}

function operator(by: number): string {
  if (by === 1) return '++';
  if (by === -1) return '--';
  return by < 0 ? ` -= ${-by}` : ` += ${by}`;
}

/** The access as other lines refer to it: as it stands on its own line, but without what it found. */
export function accessName(memory: Memory, { head }: Act): string {
  const { kind, text, rmw } = head.label;
  return kind === Kind.Write && !rmw && !COUNTS.test(text) ? storeText(memory, head) : spelled(text);
}

/** `indirect_shadow_pages=1`: what a store left. */
export function storedText(memory: Memory, act: Act): string {
  const { label, value } = act.tail?.label.kind === Kind.Write ? act.tail : act.head;
  if (label.kind !== Kind.Write) return label.text;
  return `${shortName(memory, label.loc)}=${valueText(memory, label.loc, value)}`;
}

/** `indirect_shadow_pages == 0`: what a read found. */
export function readText(memory: Memory, { head: { label, value } }: Act): string {
  return `${shortName(memory, label.loc)} ==${NBSP}${valueText(memory, label.loc, value)}`;
}

/** The last part of a location's name. */
function shortName(memory: Memory, loc: number): string {
  return memory.at(loc).name.replace(/^.*(?:->|\.)(?=\w)/, '');
}

/** `&*sptep` is what nobody writes. */
function spelled(text: string): string {
  return text.replaceAll('&*', '');
}

/** A value as its location shows it; else small numbers in decimal and encodings in hex. */
export function valueText(memory: Memory, loc: number, value: number): string {
  const at = memory.at(loc);
  if (at.kind === 'location' && at.format !== undefined) return at.format(value).replaceAll(' ', NBSP);
  return value >= 16 && Number.isInteger(value) ? `0x${value.toString(16)}` : String(value);
}
