import { INIT, isReadKind } from '../memory/event.ts';
import { ABSENT } from '../memory/graph.ts';
import type { Ending, EventRef, ExecutedEvent, Execution } from '../program/execution.ts';
import { endingAt } from './ending.ts';
import type { WorkGraph } from './work-graph.ts';

/** Copies a graph into the lasting form. Lock acquisitions that were never granted are left out. */
export function record(g: WorkGraph): Execution {
  const refs: EventRef[] = [];
  for (let e = 0; e < g.n; e++) refs.push({ thread: g.thread[e], index: g.index[e] });
  const runs = Array.from({ length: g.threads }, (_, t) => {
    const events: ExecutedEvent[] = [];
    const count = g.next(t) === undefined ? g.cursor[t] - 1 : g.cursor[t];
    for (let i = 0; i < count; i++) {
      const e = g.slots[t][i];
      const rf = !isReadKind(g.kind[e]) ? undefined : g.rf[e] === INIT ? 'init' : refs[g.rf[e]];
      events.push({ thread: t, index: i, label: g.label[e], value: g.value[e], rf });
    }
    return { events, ends: ending(g, t) };
  });
  const co = Array.from({ length: g.tree.program.memory.size }, (_, loc) => {
    const order: EventRef[] = [];
    if (loc < g.coFirst.length)
      for (let w = g.coFirst[loc]; w !== ABSENT; w = g.coNext[w]) order.push(refs[w]);
    return order;
  });
  return { runs, co };
}

function ending(g: WorkGraph, t: number): Ending {
  const node = g.next(t);
  if (node === undefined) return { status: 'waiting', for: g.label[g.slots[t][g.cursor[t] - 1]].text };
  return endingAt(node);
}
