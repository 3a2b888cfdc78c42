import { reads, writes, type Act } from './act.ts';
import { audience } from './communication.ts';
import type { Moment, Schedule } from './schedule.ts';

/**
 * What the lines of a diagram do not say by themselves: stores that wait, accesses that executed early,
 * and reads that got something else than the last store above them.
 */
export function notes(
  { scene, model, moments }: Schedule,
  numberOf: ReadonlyMap<Act, number>,
  executedAt: ReadonlyMap<Act, number>,
): Map<Act, string> {
  const found = new Map<Act, string>();
  /** Stores as a reader of the diagram would replay them, and who cannot see them yet. */
  const latest = new Map<number, Act>();
  const waiting = new Map<Act, Set<number>>();
  const shown = new Set<Act>();
  const hiddenFrom = (act: Act, thread: number): boolean => waiting.get(act)?.has(thread) ?? false;

  const explain = (act: Act): string => {
    const at = executedAt.get(act);
    if (at !== undefined) return `[executed early, at ${at}]`;
    const source = scene.source(act);
    if (source === undefined) return '';
    const expected = latest.get(act.head.label.loc) ?? 'init';
    if (source === expected) return '';
    if (expected !== 'init' && hiddenFrom(expected, act.thread) && (source === 'init' || shown.has(source)))
      return `(stale: ${numberOf.get(expected)} not visible yet)`;
    if (source === 'init') return `(the initial value, not ${numberOf.get(expected as Act)})`;
    if (source.thread === act.thread && waiting.has(source)) return `(own store ${numberOf.get(source)})`;
    return `(reads from ${numberOf.get(source)})`;
  };

  for (const moment of moments) {
    const { act } = moment;
    if (moment.what === 'visible') {
      arrive(waiting, moment);
      continue;
    }
    if (moment.what === 'early') continue;
    const said = reads(act) ? explain(act) : at(executedAt, act);
    shown.add(act);
    if (writes(act)) latest.set(act.head.label.loc, act);
    const others = observers(act);
    if (moment.waits) waiting.set(act, new Set(others));
    const waits = moment.waits && others.length > 0;
    const mark = !waits ? '' : model === 'x86-tso' ? '[buffered]' : '[propagates later]';
    found.set(act, [said, mark].filter((text) => text !== '').join(' '));
  }
  return found;

  /** The other threads that will notice a store late. */
  function observers(act: Act): number[] {
    if (model === 'x86-tso') return scene.threads.map((_, t) => t).filter((t) => t !== act.thread);
    const seen = audience(scene, act.head.label.loc);
    return moments.flatMap((moment) =>
      moment.what === 'visible' && moment.act === act && seen.has(Number(moment.to))
        ? [Number(moment.to)]
        : [],
    );
  }
}

function at(executedAt: ReadonlyMap<Act, number>, act: Act): string {
  const step = executedAt.get(act);
  return step === undefined ? '' : `[executed early, at ${step}]`;
}

function arrive(waiting: ReadonlyMap<Act, Set<number>>, moment: Moment & { what: 'visible' }): void {
  if (moment.to === 'all') waiting.get(moment.act)?.clear();
  else waiting.get(moment.act)?.delete(moment.to);
}
