/** The Linux-kernel memory model, in the kernel's own reading and in the one that takes plain accesses as marked. */
import type { MemoryModel } from '../model.ts';
import { LkmmChecker } from './checker.ts';

export const lkmm: MemoryModel = {
  name: 'lkmm',
  loadBuffering: true,
  checker: (graph) => new LkmmChecker(graph, false),
};

/** Each plain access counts as READ_ONCE or WRITE_ONCE: as if the compiler emitted it once and untorn (DESIGN.md 5). */
export const lkmmMarked: MemoryModel = {
  name: 'lkmm-marked',
  loadBuffering: true,
  checker: (graph) => new LkmmChecker(graph, true),
};
