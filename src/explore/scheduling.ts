/** Whose event the explorer adds next. It is a fixed rule, so that every graph has one route to it. */
import { INIT, Kind } from '../memory/event.ts';
import { ABSENT } from '../memory/graph.ts';
import { Status, type Behaviour } from '../program/tree.ts';
import type { WorkGraph } from './work-graph.ts';

/** The thread whose event comes next: an unfinished RMW, then the lowest hole, then the lowest that can run. */
export function scheduled(g: WorkGraph): number {
  let granted = -1;
  let holed = -1;
  let runnable = -1;
  for (let t = 0; t < g.threads; t++) {
    const node = g.next(t);
    if (node === undefined || node.status !== Status.Event) continue;
    const { kind, rmw } = node.label;
    if (kind === Kind.LockWrite) {
      // A trylock that an unlock has just let in comes before whoever waits for that section.
      if (g.kind[g.slots[t][g.cursor[t] - 1]] === Kind.TryLock) return t;
      if (granted < 0 && !isStale(g, t)) granted = t;
      continue;
    }
    if (kind === Kind.Skip || (kind === Kind.Write && rmw)) return t;
    if (holed < 0 && g.hasHole(t)) holed = t;
    if (runnable < 0 && canRun(g, node)) runnable = t;
  }
  if (granted >= 0) return granted;
  return holed >= 0 ? holed : runnable;
}

/** Whether the section that a LockRead waited for has been followed by a trylock: it waits to be revisited. */
function isStale(g: WorkGraph, t: number): boolean {
  const read = g.slots[t][g.cursor[t] - 1];
  return g.rival(g.rf[read], g.loc[read]) !== ABSENT;
}

function canRun(g: WorkGraph, node: Behaviour): boolean {
  const { kind, loc } = node.label;
  if (kind === Kind.LockRead) return loc >= g.coLast.length || (lastIsFree(g, loc) && noReaders(g, loc));
  return kind !== Kind.ReadLock || loc >= g.coLast.length || lastIsFree(g, loc);
}

function lastIsFree(g: WorkGraph, loc: number): boolean {
  return g.isClosed(g.coLast[loc]);
}

function noReaders(g: WorkGraph, loc: number): boolean {
  for (let w = g.coLast[loc]; ; w = g.coPrev[w]) {
    if (!g.readersClosed(w, loc)) return false;
    if (w === INIT) return true;
  }
}

/** Whether every thread has come to its end, or to a violation. */
export function hasEnded(g: WorkGraph): boolean {
  for (let t = 0; t < g.threads; t++) {
    const status = g.next(t)?.status;
    if (status !== Status.End && status !== Status.Violation) return false;
  }
  return true;
}

/** Whether somebody is left behind by a trylock ({@link isStale}): such a graph is not finished. */
export function hasStale(g: WorkGraph): boolean {
  for (let t = 0; t < g.threads; t++) {
    const node = g.next(t);
    if (node?.status === Status.Event && node.label.kind === Kind.LockWrite && isStale(g, t)) return true;
  }
  return false;
}
