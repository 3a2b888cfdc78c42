/**
 * Collects the flags of LKMM over the executions of one program. Judging an execution by the relations is
 * slow, so most are not judged: what a thread does by itself is looked at once per path, and races only in
 * executions where two paths have accesses that could still add something. Two accesses under one lock, held
 * for writing by one of them at least, never race: the end of the first section, which releases, comes
 * before the start of the second, which acquires.
 *
 * A path is known by the label of its last event: labels belong to the nodes of the behaviour tree.
 */
import { misuseFlags, raceFlags, type FlaggedEvents, type FlagName } from '../memory/axioms/index.ts';
import { Fence, INIT, Kind, Mark } from '../memory/event.ts';
import { candidateOf } from '../program/candidate.ts';
import { eventAt, type EventRef, type ExecutedEvent, type Execution } from '../program/execution.ts';
import type { StepLabel } from '../program/stepper.ts';
import { record } from './record.ts';
import type { WorkGraph } from './work-graph.ts';

/** A flag with the events that earn it. */
export interface Flagged {
  readonly flag: FlagName;
  readonly a: ExecutedEvent;
  readonly b: ExecutedEvent | undefined;
}

/** An access of a path that can take part in a race. */
interface Access {
  readonly loc: number;
  readonly plain: boolean;
  readonly write: boolean;
  /** What it looks like to people: two accesses with one key are one. */
  readonly key: string;
  readonly owned: ReadonlySet<number>;
  readonly shared: ReadonlySet<number>;
}

interface Path {
  readonly id: number;
  readonly accesses: readonly Access[];
  readonly hasPlain: boolean;
  /** Keeps a cookie of SRCU in memory, from where any thread may take it. */
  readonly leaksCookie: boolean;
}

const NO_RACES: readonly string[] = [];

export class FlagWatch {
  readonly #namesOnly: boolean;
  readonly #found = new Map<string, Flagged>();
  readonly #names = new Set<FlagName>();
  readonly #paths = new Map<StepLabel, Path>();
  /** Keys of the races that two paths could have, by the paths' numbers. */
  readonly #conflicts = new Map<string, readonly string[]>();

  /** With `namesOnly` a flag that is set needs no further look. */
  constructor(namesOnly = false) {
    this.#namesOnly = namesOnly;
  }

  /** Sorted, as herd7 prints them. */
  get names(): readonly FlagName[] {
    return [...this.#names].sort();
  }

  /** One for each flag and pair of accesses, sorted by their texts; none when only names are wanted. */
  get flagged(): readonly Flagged[] {
    return [...this.#found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, flagged]) => flagged);
  }

  /** A complete consistent execution, as the explorer has it. */
  seeGraph(g: WorkGraph): void {
    const ends = Array.from({ length: g.threads }, (_, t) =>
      g.cursor[t] === 0 ? undefined : g.label[g.slots[t][g.cursor[t] - 1]],
    );
    this.#see(ends, () => record(g));
  }

  /** The same of a recorded one. */
  see(execution: Execution): void {
    this.#see(
      execution.runs.map(({ events }) => events.at(-1)?.label),
      () => execution,
    );
  }

  #see(ends: readonly (StepLabel | undefined)[], executionOf: () => Execution): void {
    const paths: Path[] = [];
    let execution: Execution | undefined;
    ends.forEach((end, thread) => {
      if (end === undefined) return;
      let path = this.#paths.get(end);
      if (path === undefined) {
        execution ??= executionOf();
        path = pathOf(this.#paths.size, execution.runs[thread].events);
        this.#paths.set(end, path);
        if (!path.leaksCookie) this.#judgeAlone(execution, thread);
      }
      paths.push(path);
    });
    const mayRace = !(this.#namesOnly && this.#names.has('data-race')) && this.#mayRace(paths);
    const leaks = paths.some(({ leaksCookie }) => leaksCookie);
    if (!mayRace && !leaks) return;
    execution ??= executionOf();
    const candidate = candidateOf(execution);
    const eventOf = (e: number): ExecutedEvent => eventAt(execution as Execution, candidate.events.events[e]);
    const flags: FlaggedEvents[] = mayRace ? raceFlags(candidate) : [];
    if (leaks) flags.push(...misuseFlags(candidate, (e) => eventOf(e).value));
    this.#note(flags, eventOf);
  }

  /** What a thread earns without the others: everything but races, and cookies that come from memory. */
  #judgeAlone(execution: Execution, thread: number): void {
    const { events } = execution.runs[thread];
    if (!events.some(({ label }) => concernsMisuse(label))) return;
    const runs = execution.runs.map(({ ends }, t) => ({
      ends,
      events: t === thread ? events.map((event) => ({ ...event, rf: undefined })) : [],
    }));
    const candidate = candidateOf({ runs, co: [] });
    const eventOf = (e: number): ExecutedEvent => events[candidate.events.events[e].index];
    this.#note(
      misuseFlags(candidate, (e) => eventOf(e).value),
      eventOf,
    );
  }

  #mayRace(paths: readonly Path[]): boolean {
    const racing = paths.filter(({ accesses }) => accesses.length > 0);
    return racing.some((a, i) =>
      racing
        .slice(i + 1)
        .some((b) => (a.hasPlain || b.hasPlain) && this.#races(a, b).some((key) => !this.#found.has(key))),
    );
  }

  #races(a: Path, b: Path): readonly string[] {
    const pair = `${a.id} ${b.id}`;
    let races = this.#conflicts.get(pair);
    if (races === undefined) {
      const keys = a.accesses.flatMap((x) =>
        b.accesses.filter((y) => conflict(x, y)).map((y) => keyOf('data-race', x.key, y.key)),
      );
      races = keys.length === 0 ? NO_RACES : [...new Set(keys)];
      this.#conflicts.set(pair, races);
    }
    return races;
  }

  #note(flags: readonly FlaggedEvents[], eventOf: (e: number) => ExecutedEvent): void {
    for (const { flag, a, b } of flags) {
      this.#names.add(flag);
      if (this.#namesOnly) continue;
      const pair = [eventOf(a), ...(b === undefined ? [] : [eventOf(b)])].sort(byPlace);
      const key = keyOf(flag, ...pair.map(accessKey));
      if (!this.#found.has(key)) this.#found.set(key, { flag, a: pair[0], b: pair.at(1) });
    }
  }
}

function pathOf(id: number, events: readonly ExecutedEvent[]): Path {
  const accesses: Access[] = [];
  let owned: ReadonlySet<number> = new Set();
  let shared: ReadonlySet<number> = new Set();
  const cookies = new Set<number>();
  let leaksCookie = false;
  for (const event of events) {
    const { kind, loc, mark, rmw, data } = event.label;
    const without = (set: ReadonlySet<number>): Set<number> =>
      new Set([...set].filter((lock) => lock !== loc));
    if (kind === Kind.LockWrite) owned = new Set([...owned, loc]);
    if (kind === Kind.ReadLock) shared = new Set([...shared, loc]);
    if (kind === Kind.Unlock) owned = without(owned);
    if (kind === Kind.ReadUnlock) shared = without(shared);
    if (mark === Mark.SrcuLock && kind === Kind.Read) cookies.add(event.index);
    if (kind !== Kind.Read && kind !== Kind.Write) continue;
    const write = kind === Kind.Write;
    if (write && mark !== Mark.SrcuUnlock && data.some((at) => cookies.has(at))) leaksCookie = true;
    accesses.push({ loc, plain: mark === Mark.Plain && !rmw, write, key: accessKey(event), owned, shared });
  }
  // A cookie that is read from memory has come there from another thread, or from this one.
  const returnsForeign = events.some(
    ({ label }) => label.mark === Mark.SrcuUnlock && !label.data.some((at) => cookies.has(at)),
  );
  return {
    id,
    accesses,
    hasPlain: accesses.some(({ plain }) => plain),
    leaksCookie: leaksCookie || returnsForeign,
  };
}

function conflict(a: Access, b: Access): boolean {
  if (a.loc !== b.loc || !(a.plain || b.plain) || !(a.write || b.write)) return false;
  const excludes = (x: Access, y: Access): boolean =>
    [...x.owned].some((lock) => y.owned.has(lock) || y.shared.has(lock));
  return !excludes(a, b) && !excludes(b, a);
}

function concernsMisuse({ kind, mark, fence, rmw }: StepLabel): boolean {
  if (kind === Kind.Fence) return fence === Fence.RcuLock || fence === Fence.RcuUnlock;
  if (kind === Kind.Write && mark === Mark.Plain && !rmw) return true;
  return mark === Mark.SrcuLock || mark === Mark.SrcuUnlock;
}

function accessKey({ thread, index, label }: ExecutedEvent): string {
  const { kind, fn, text, loc } = label;
  // What people would call one access may be several events; the halves of `x++` stay two.
  return JSON.stringify([thread, fn, text, kind, loc, text === '' ? index : INIT]);
}

function keyOf(flag: FlagName, ...keys: readonly string[]): string {
  return [flag, ...keys].join(' ');
}

function byPlace(a: EventRef, b: EventRef): number {
  return a.thread - b.thread || a.index - b.index;
}
