/** The graph explorer held against enumeration: what each finds, as sets of execution keys. */
import { Kind } from '../../src/memory/event.ts';
import type { MemoryModel } from '../../src/memory/model.ts';
import { AXIOMS } from '../../src/memory/axioms/index.ts';
import { enumerate } from '../../src/explore/enumerate.ts';
import { explore } from '../../src/explore/explore.ts';
import type { Visitor } from '../../src/explore/explorer.ts';
import { record } from '../../src/explore/record.ts';
import { executionKey, type Execution } from '../../src/program/execution.ts';
import type { Program } from '../../src/program/program.ts';
import { BehaviourTree } from '../../src/program/tree.ts';

export interface Exploration {
  readonly executions: readonly Execution[];
  readonly blocked: readonly Execution[];
}

export interface Disagreement {
  /** Found by enumeration only, by the explorer only, by the explorer more than once. */
  readonly missing: readonly string[];
  readonly extra: readonly string[];
  readonly duplicate: readonly string[];
  /** The same for executions in which a thread waits for ever. */
  readonly missingStuck: readonly string[];
  readonly extraStuck: readonly string[];
  readonly enumerated: number;
}

export function explored(tree: BehaviourTree, model: MemoryModel): Exploration {
  return collect((visitor) => void explore(tree, model, visitor));
}

/** What a search tells its visitor, in the lasting form. */
export function collect(search: (visitor: Visitor) => void): Exploration {
  let executions: Execution[] = [];
  let blocked: Execution[] = [];
  search({
    begin() {
      executions = [];
      blocked = [];
    },
    execution: (graph) => void executions.push(record(graph)),
    blocked: (graph) => void blocked.push(record(graph)),
  });
  return { executions, blocked };
}

/** Both engines on one program, each with behaviour trees of its own. */
export function compare(program: Program, model: MemoryModel, limit?: number): Disagreement {
  const enumeration = enumerate(new BehaviourTree(program), AXIOMS[model.name], limit);
  const exploration = explored(new BehaviourTree(program), model);
  const key = (execution: Execution): string => keyOf(program, execution);
  const expected = new Set(enumeration.executions.map(key));
  const found = exploration.executions.map(key);
  const expectedStuck = new Set(enumeration.stuck.map(key));
  const foundStuck = new Set(exploration.blocked.filter((execution) => waitsForEver(execution)).map(key));
  return {
    missing: [...expected].filter((k) => !found.includes(k)),
    extra: [...new Set(found)].filter((k) => !expected.has(k)),
    duplicate: found.filter((k, i) => found.indexOf(k) !== i),
    missingStuck: [...expectedStuck].filter((k) => !foundStuck.has(k)),
    extraStuck: [...foundStuck].filter((k) => !expectedStuck.has(k)),
    enumerated: expected.size,
  };
}

/** The choices taken belong to the identity of an execution even where nothing follows from them. */
export function keyOf(program: Program, execution: Execution): string {
  const choices = execution.runs.map(({ events }) =>
    events.filter(({ label }) => label.kind === Kind.Choice).map(({ value }) => value),
  );
  const ends = execution.runs.map((run) =>
    run.ends.status === 'waiting' ? `waits: ${run.ends.for}` : run.ends.status,
  );
  return `${executionKey(program, execution)}\n${JSON.stringify(choices)} ${ends.join(', ')}`;
}

/**
 * Whether a blocked graph of the explorer is stuck for good: nothing was dropped, awaits have read the last
 * value there is, and every lock that somebody waits for is kept.
 */
export function waitsForEver({ runs, co }: Execution): boolean {
  return runs.every(({ events, ends }) => {
    if (ends.status === 'dropped') return false;
    const last = events.at(-1);
    if (ends.status !== 'waiting' || last === undefined || last.label.until === undefined) return true;
    // The await is the last event exactly when its value does not satisfy it.
    if (last.label.until(last.value)) return true;
    const final = co[last.label.loc].at(-1);
    if (final === undefined || last.rf === 'init' || last.rf === undefined)
      return final === undefined && last.rf === 'init';
    return last.rf.thread === final.thread && last.rf.index === final.index;
  });
}

/** Every kind of disagreement under its heading; empty when the engines agree. */
export function report(found: Disagreement, withStuck = true): string {
  const parts: [string, readonly string[]][] = [
    ['MISSING in the explorer', found.missing],
    ['EXTRA in the explorer', found.extra],
    ['DUPLICATE in the explorer', found.duplicate],
  ];
  if (withStuck) {
    parts.push(['MISSING stuck execution', found.missingStuck], ['EXTRA stuck execution', found.extraStuck]);
  }
  return parts
    .filter(([, keys]) => keys.length > 0)
    .map(([heading, keys]) => `${heading} (${keys.length}):\n${keys[0]}`)
    .join('\n\n');
}
