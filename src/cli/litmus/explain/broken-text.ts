/** A broken axiom as text: its cycle edge by edge, each with what it stands for. */
import { INIT_THREAD } from '../../../memory/axioms/index.ts';
import type { Edge, Path } from '../../../memory/axioms/derivation.ts';
import { Kind } from '../../../memory/event.ts';
import { actText } from '../../../trace/act-text.ts';
import { NBSP } from '../../../trace/line.ts';
import type { Nearest } from './nearest.ts';

/** Lines without an end. `lead` says what does not happen. */
export function brokenLines(found: Nearest, lead: string): string[] {
  const { broken, axiom } = found;
  if (broken.length === 0) return [`${lead}: the nearest candidate breaks «${axiom}».`];
  const [{ says, cycle }] = broken;
  const nameOf = (e: number): string => eventName(found, e);
  return [`${lead}: the nearest candidate breaks «${axiom}», ${says}:`, ...edgeLines(cycle, nameOf, '  ')];
}

function edgeLines(path: Path, nameOf: (event: number) => string, indent: string): string[] {
  return path.flatMap((edge) => {
    const { reasons, parts, via } = reasonsOf(edge);
    const between = via === undefined ? [] : [via === edge.to ? nameOf(via) : `${nameOf(via)} between them`];
    const because = [...reasons, ...between].map((reason) => ` because ${reason}`).join('');
    const ends = edge.from === edge.to && parts.length === 0 ? nameOf(edge.from) : pair(edge, nameOf);
    return [`${indent}${edge.name}: ${ends}${because}`, ...edgeLines(parts, nameOf, `${indent}  `)];
  });
}

function pair({ from, to }: Edge, nameOf: (event: number) => string): string {
  return `${nameOf(from)} → ${nameOf(to)}`;
}

/** Names that stand for a single edge are told in one line. */
function reasonsOf({ because, via }: Edge): {
  reasons: string[];
  parts: Path;
  via: number | undefined;
} {
  if (because.length !== 1) return { reasons: [], parts: because, via };
  const [only] = because;
  const inner = reasonsOf(only);
  return { ...inner, reasons: [only.name, ...inner.reasons] };
}

/** `P0: WRITE_ONCE(x, 1)`; where a thread does the same more than once, with `#1`, `#2`… behind it. */
function eventName(found: Nearest, e: number): string {
  const name = plainName(found, e);
  const { actOf } = found.judged;
  const alike = actOf.filter(
    (act, other) =>
      act?.thread === actOf[e]?.thread && actOf.indexOf(act) === other && plainName(found, other) === name,
  );
  return alike.length < 2 ? name : `${name} #${alike.indexOf(actOf[e]) + 1}`;
}

function plainName({ scene, judged }: Nearest, e: number): string {
  const { thread, label } = judged.candidate.events.events[e];
  const { memory } = scene.program;
  if (thread === INIT_THREAD) return `initial ${memory.at(label.loc).name}`;
  const act = judged.actOf[e];
  if (act === undefined) return `P${thread}`;
  const half =
    act.tail === undefined || !label.rmw || label.kind === Kind.LockRead ? '' : (HALVES[label.kind] ?? '');
  return `${scene.program.threads[thread].name}: ${actText(memory, act).replaceAll(NBSP, ' ')}${half}`;
}

const HALVES: Readonly<Partial<Record<Kind, string>>> = {
  [Kind.Read]: ' (its read)',
  [Kind.Write]: ' (its write)',
};
