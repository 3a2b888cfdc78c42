import { Kind } from '../memory/event.ts';
import { foundHeld } from '../program/execution.ts';
import { looks, reads, takesLock, writes, type Act, type Scene } from './act.ts';

/**
 * How something that one CPU does is noticed by another: `rf`, `co` and `fr`, and a lock that changes hands.
 */
export interface Communication {
  readonly how: 'rf' | 'co' | 'fr' | 'lock';
  readonly from: Act;
  readonly to: Act;
}

/** All communication between different threads. */
export function communications(scene: Scene): Communication[] {
  const found: Communication[] = [];
  const add = (how: Communication['how'], from: Act | undefined, to: Act): void => {
    if (from !== undefined && from.thread !== to.thread) found.push({ how, from, to });
  };
  for (const act of scene.acts) {
    const { loc } = act.head.label;
    const source = scene.source(act);
    if (source !== undefined && source !== 'init') add('rf', source, act);
    if (source !== undefined) {
      for (const later of overwriters(scene, source, loc)) if (later !== act) add('fr', act, later);
    }
    if (writes(act)) for (const later of overwriters(scene, act, loc)) add('co', act, later);
    if (looks(act)) {
      const { after, before } = lookedAt(scene, act);
      add('lock', after, act);
      if (before !== undefined) add('fr', act, before);
    }
    if (takesLock(act)) for (const earlier of handedOverBy(scene, act)) add('lock', earlier, act);
  }
  return found;
}

/** The section that a look at a lock has found: its taking or its end, and what changes that next. */
function lookedAt(scene: Scene, act: Act): { after?: Act; before?: Act } {
  const { rf, label } = act.head;
  const section = rf === undefined || rf === 'init' ? undefined : scene.actAt(rf);
  if (section !== undefined && foundHeld(act.head)) return { after: section, before: scene.leaves(section) };
  const order = scene.writers(label.loc);
  const next = section === undefined ? order[0] : order[order.indexOf(section) + 1];
  return { after: section === undefined ? undefined : endOf(scene, section), before: next };
}

/** The writes that are coherence-after this one. */
export function overwriters(scene: Scene, write: Act | 'init', loc: number): readonly Act[] {
  const order = scene.writers(loc);
  return write === 'init' ? order : order.slice(order.indexOf(write) + 1);
}

/**
 * Whose leaving lets `act` take the lock: the section that it follows, and for a writer all readers of that.
 */
function handedOverBy(scene: Scene, act: Act): Act[] {
  const { rf, label } = act.head;
  const before: Act[] = [];
  if (rf !== undefined && rf !== 'init') before.push(endOf(scene, scene.actAt(rf)));
  if (label.kind !== Kind.LockRead) return before;
  const readers = scene.acts.filter(
    ({ head }) =>
      head.label.kind === Kind.ReadLock && head.label.loc === label.loc && sameSource(head.rf, rf),
  );
  return [...before, ...readers.map((reader) => endOf(scene, reader))];
}

function endOf(scene: Scene, taken: Act): Act {
  return scene.leaves(taken) ?? taken;
}

function sameSource(a: Act['head']['rf'], b: Act['head']['rf']): boolean {
  if (a === undefined || b === undefined || a === 'init' || b === 'init') return a === b;
  return a.thread === b.thread && a.index === b.index;
}

/** The threads that touch a location. */
export function audience(scene: Scene, loc: number): Set<number> {
  return new Set(
    scene.acts
      .filter((act) => act.head.label.loc === loc && (reads(act) || writes(act) || takesLock(act)))
      .map((act) => act.thread),
  );
}
