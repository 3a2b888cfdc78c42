/** Flags in words: what stands beside a verdict of `lkmm` (DESIGN.md 2). */
import type { Flagged } from '../explore/flag-watch.ts';
import { isWriteKind, Kind, Mark } from '../memory/event.ts';
import type { FlagName } from '../memory/axioms/index.ts';
import type { ExecutedEvent } from '../program/execution.ts';
import type { Program } from '../program/program.ts';

/** An access by its place. */
export interface FlaggedAccess {
  readonly thread: string;
  /** The kernel function; empty outside any. */
  readonly fn: string;
  /** As C spells it. */
  readonly text: string;
  readonly plain: boolean;
}

/** One thing to say: a flag and the accesses that earn it. */
export interface Flag {
  readonly flag: FlagName;
  readonly a: FlaggedAccess;
  /** Undefined where a lock or unlock lacks its partner. */
  readonly b: FlaggedAccess | undefined;
  /** The order that would have to be there. */
  readonly missing: string | undefined;
}

/** One flag for each pair of accesses that people would call different, in a lasting order. */
export function flagsOf(program: Program, flagged: readonly Flagged[]): readonly Flag[] {
  const said = new Map<string, { readonly flag: Flag; readonly writes: number }>();
  for (const { flag, a, b } of flagged) {
    const accessOf = ({ thread, label }: ExecutedEvent): FlaggedAccess => ({
      thread: program.threads[thread].name,
      fn: label.fn,
      text: label.text,
      plain: isPlain(label),
    });
    const shown: Flag = {
      flag,
      a: accessOf(a),
      b: b && accessOf(b),
      missing: b && missingOrder(flag, a, b),
    };
    const key = JSON.stringify([flag, shown.a, shown.b]);
    // The two halves of `x++` look alike; of what is missing between two such, that of the writes says most.
    const writes = [a, b].filter((event) => event !== undefined && isWriteKind(event.label.kind)).length;
    const known = said.get(key);
    if (known === undefined || known.writes < writes) said.set(key, { flag: shown, writes });
  }
  return [...said].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, { flag }]) => flag);
}

/** `CPU0 kvm_mmu_track_write() «indirect_shadow_pages» (plain)` */
export function accessText({ thread, fn, text, plain }: FlaggedAccess): string {
  return `${placeOf(thread, fn)} «${text}»${plain ? ' (plain)' : ''}`;
}

export function flagText({ flag, a, b, missing }: Flag): string {
  const pair = b === undefined ? accessText(a) : `${accessText(a)} with ${accessText(b)}`;
  return `${flag}: ${pair}${missing === undefined ? '' : `: ${missing}`}`;
}

/** A race is there because the order is missing either way round, see `dataRaces`. */
function missingOrder(flag: FlagName, a: ExecutedEvent, b: ExecutedEvent): string | undefined {
  if (flag === 'mixed-accesses') return 'nothing between the two keeps the compiler from mixing them';
  if (flag !== 'data-race') return undefined;
  return isWriteKind(a.label.kind) && isWriteKind(b.label.kind)
    ? 'neither write is sure to be over and visible before the other begins'
    : 'nothing makes the write visible before the read, nor ends the read before the write';
}

function isPlain({ kind, mark, rmw }: ExecutedEvent['label']): boolean {
  return mark === Mark.Plain && !rmw && (kind === Kind.Read || kind === Kind.Write);
}

/** Threads are called «CPU0 (emulated write)»; the function says the rest. */
function placeOf(thread: string, fn: string): string {
  const cpu = thread.replace(/ \(.*\)$/, '');
  return fn === '' ? cpu : `${cpu} ${fn}()`;
}
