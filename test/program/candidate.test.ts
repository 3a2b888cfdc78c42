import { describe, expect, it } from 'vitest';
import { enumerate } from '../../src/explore/enumerate.ts';
import { AXIOMS } from '../../src/memory/axioms/index.ts';
import { Fence, Kind, Mark } from '../../src/memory/event.ts';
import { candidateOf, revisedCandidate } from '../../src/program/candidate.ts';
import type { ExecutedEvent, Execution } from '../../src/program/execution.ts';
import { Memory } from '../../src/program/location.ts';
import type { Steps } from '../../src/program/operation.ts';
import { readLock, readUnlock, writeLock, writeUnlock } from '../../src/program/operations.ts';
import { defineProgram, type Program } from '../../src/program/program.ts';
import { sectionEnd, sourceOf } from '../../src/program/section.ts';
import { BehaviourTree } from '../../src/program/tree.ts';
import { lockContention, storeBuffering } from '../support/programs.ts';

const executionsOf = (program: Program): Execution[] => [
  ...enumerate(new BehaviourTree(program), AXIOMS.lkmm).executions,
];

describe('an execution for the axioms', () => {
  it('has an initial write of each location that is touched, and the events of memory', () => {
    const [execution] = executionsOf(storeBuffering(2));
    const { events } = candidateOf(execution);
    const own = execution.runs.flatMap((run) => run.events);
    expect(events.n).toBe(own.length + new Set(own.map(({ label }) => label.loc)).size);
  });

  it('lets a lock read from the end of the section that it follows', () => {
    for (const execution of executionsOf(lockContention(2, 2))) {
      const { events, rf } = candidateOf(execution);
      for (const [source, lock] of rf.pairs()) {
        const { kind } = events.events[lock].label;
        if (kind !== Kind.LockRead) continue;
        expect([Kind.Unlock, Kind.Write]).toContain(events.events[source].label.kind);
      }
    }
  });

  it('can be had with other marks and more fences, and says which events are which', () => {
    const relaxed = executionsOf(storeBuffering(2)).find(({ runs }) =>
      runs.every(({ events }) => events.at(-1)?.value === 0),
    ) as Execution;
    const judge = AXIOMS.lkmm;
    const plain = candidateOf(relaxed);
    expect(judge.judge(plain.events)(plain)).toBeUndefined();

    const fences = [0, 1].map((thread) => ({ after: { thread, index: 0 }, fence: Fence.Mb }));
    const { candidate, places } = revisedCandidate(relaxed, { fences, markOf: () => Mark.Acquire });
    expect(candidate.events.n).toBe(plain.events.n + 2);
    expect(judge.judge(candidate.events)(candidate)).toBeDefined();
    candidate.events.events.forEach(({ thread, index, label }, e) => {
      if (places[e] === undefined) return;
      expect(places[e]).toMatchObject({ thread, index });
      expect(label.mark).toBe(Mark.Acquire);
    });
    expect(places.filter((place) => place === undefined)).toHaveLength(4);
  });
});

describe('sections of a recorded execution', () => {
  it('end with the unlock, from which the next lock reads', () => {
    for (const execution of executionsOf(lockContention(2, 2))) {
      const events = execution.runs.flatMap((run) => run.events);
      for (const read of events.filter(({ label }) => label.kind === Kind.LockRead)) {
        const { rf } = read;
        if (rf === undefined || rf === 'init') expect(sourceOf(execution, read)).toBe(rf);
        else
          expect(sourceOf(execution, read)).toMatchObject({
            label: { kind: Kind.Unlock },
            thread: rf.thread,
          });
      }
    }
  });

  it('have no end while it is not among the events', () => {
    const [{ runs }] = executionsOf(lockContention(2, 2));
    const { events } = runs[0];
    const opened = events.find(({ label }) => label.kind === Kind.LockWrite);
    if (opened === undefined) throw new Error('nobody takes the lock');
    expect(sectionEnd(events, opened)?.label.kind).toBe(Kind.Unlock);
    expect(sectionEnd(events.slice(0, opened.index + 1), opened)).toBeUndefined();
  });

  it('are told apart where a thread has the lock for reading and another one behind it', () => {
    const memory = new Memory();
    const lock = memory.rwlock('rw', null);
    const thread = {
      name: 'P0',
      *body(): Steps {
        yield* readLock(lock);
        yield* readUnlock(lock);
        yield* writeLock(lock);
        yield* writeUnlock(lock);
      },
    };
    const [{ runs }] = executionsOf(defineProgram('two sections', memory, [thread]));
    const { events } = runs[0];
    const endOf = (kind: Kind): number | undefined =>
      sectionEnd(events, events.find(({ label }) => label.kind === kind) as ExecutedEvent)?.index;
    expect(endOf(Kind.ReadLock)).toBe(1);
    expect(endOf(Kind.LockWrite)).toBe(4);
  });
});
