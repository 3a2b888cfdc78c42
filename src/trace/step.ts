import { Kind } from '../memory/event.ts';
import type { Act } from './act.ts';
import { accessName, actText, countingText, isCounting, readText, storedText } from './act-text.ts';
import { audience } from './communication.ts';
import { notes } from './note.ts';
import type { Moment, Schedule } from './schedule.ts';

/** One line of a race diagram, before it is put into its column. */
export interface Step {
  readonly number: number;
  readonly thread: number;
  /** The kernel function that performs it; empty where it has none or where the machine acts. */
  readonly fn: string;
  readonly text: string;
  /** What has to be said about it: `[buffered]`, `(stale: 1 not visible yet)`. */
  readonly note: string;
  /** The acts that have their place here; none when a store becomes visible or an access executes early. */
  readonly acts: readonly Act[];
}

type Group = readonly [Moment, ...Moment[]];

/** The steps of a schedule, and at which step each act has its place. */
export function stepsOf(schedule: Schedule): { steps: Step[]; numberOf: ReadonlyMap<Act, number> } {
  const { memory } = schedule.scene.program;
  const groups = grouped(schedule);
  const numberOf = new Map<Act, number>();
  const executedAt = new Map<Act, number>();
  groups.forEach((group, i) => {
    for (const { what, act } of group) {
      if (what === 'act') numberOf.set(act, i + 1);
      if (what === 'early') executedAt.set(act, i + 1);
    }
  });
  const noteOf = notes(schedule, numberOf, executedAt);
  const steps = groups.map((group, i): Step => {
    const [{ what, act }] = group;
    const acts = group.flatMap((moment) => (moment.what === 'act' ? [moment.act] : []));
    const base = { number: i + 1, thread: act.thread, acts };
    if (what === 'act') {
      const text = acts.length > 1 ? countingText(memory, acts[0], acts[1]) : actText(memory, act);
      const note = acts
        .map((one) => noteOf.get(one) ?? '')
        .filter((one) => one !== '')
        .join(' ');
      return { ...base, fn: act.head.label.fn, text, note };
    }
    const text =
      what === 'early' ? earlyText(schedule, act, numberOf) : arrivalText(schedule, group, numberOf);
    return { ...base, fn: '', text, note: '' };
  });
  return { steps, numberOf };
}

/** Moments that make one line: the two halves of `x++`, and stores that become visible together. */
function grouped({ scene, moments }: Schedule): Group[] {
  const groups: Group[] = [];
  for (const moment of moments) {
    if (
      moment.what === 'visible' &&
      moment.to !== 'all' &&
      !audience(scene, moment.act.head.label.loc).has(moment.to)
    )
      continue;
    const last = groups.at(-1);
    if (last !== undefined && belongsTo(last, moment)) groups[groups.length - 1] = [...last, moment];
    else groups.push([moment]);
  }
  return groups;
}

function belongsTo(group: Group, moment: Moment): boolean {
  const [first] = group;
  if (first.act.thread !== moment.act.thread) return false;
  if (moment.what === 'visible' && first.what === 'visible')
    return first.to === 'all' || first.act === moment.act;
  return (
    moment.what === 'act' &&
    first.what === 'act' &&
    group.length === 1 &&
    !first.isEarly &&
    !moment.isEarly &&
    isCounting(first.act, moment.act)
  );
}

function arrivalText({ scene }: Schedule, group: Group, numberOf: ReadonlyMap<Act, number>): string {
  const [{ act }] = group;
  const to = group.flatMap((moment) => (moment.what === 'visible' ? [moment.to] : []));
  if (to[0] === 'all') {
    const numbers = group.map((moment) => numberOf.get(moment.act));
    return `[${listed(numbers.map(String))} ${numbers.length > 1 ? 'reach' : 'reaches'} memory]`;
  }
  const cpus = to.map((thread) => cpuName(scene.program.threads[Number(thread)].name, Number(thread)));
  return `[${storedText(scene.program.memory, act)} (${numberOf.get(act)}) propagates to ${listed(cpus)}]`;
}

function earlyText({ scene }: Schedule, act: Act, numberOf: ReadonlyMap<Act, number>): string {
  const { memory } = scene.program;
  const number = `(${numberOf.get(act)})`;
  const { kind, rmw } = act.head.label;
  if (kind === Kind.Read && !rmw) return `[reads ${readText(memory, act)} ${number} early]`;
  if (kind === Kind.Write) return `[stores ${storedText(memory, act)} ${number} early]`;
  return `[${accessName(memory, act)} ${number} executes early]`;
}

function listed(items: readonly string[]): string {
  return items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;
}

/** `CPU0`: how other lines call a thread. */
export function cpuName(threadName: string, thread: number): string {
  return /^v?CPU\d+\b/.exec(threadName)?.[0] ?? `CPU${thread}`;
}
