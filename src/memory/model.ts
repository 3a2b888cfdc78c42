import type { Graph } from './graph.ts';

export const MODEL_NAMES = ['sc', 'x86-tso', 'lkmm-marked', 'lkmm'] as const;
export type ModelName = (typeof MODEL_NAMES)[number];

/**
 * The incremental judge that belongs to one graph. Events are added and removed in stack order; the
 * checks assume that everything but the named event was consistent before.
 */
export interface Checker {
  /**
   * Computes the static rows of an event, `graph.need` among them, from its thread's earlier events and
   * its source. Called in program order; again for later events when a hole before them is filled.
   */
  added(event: number): void;
  /**
   * Whether the graph is still consistent now that `event` has its place: a read its `rf`, a write its
   * place in `co`. `maximal` says that it was added in the most boring way (reads from, or is, co-last).
   */
  consistent(event: number, maximal: boolean): boolean;
  /**
   * Axioms that only complete graphs are held against, because they may refuse what is added in the most
   * boring way and the explorer's routes lead through graphs that break them.
   */
  admits(): boolean;
}

/** A memory model: which execution graphs are possible (DESIGN.md 2, 5). */
export interface MemoryModel {
  readonly name: ModelName;
  /** Whether `po ∪ rf` may be cyclic, so that revisits leave holes in threads (MEMORY-MODELS 3.2). */
  readonly loadBuffering: boolean;
  checker(graph: Graph): Checker;
}
