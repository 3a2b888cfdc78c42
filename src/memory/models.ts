import { lkmm, lkmmMarked } from './lkmm/index.ts';
import type { MemoryModel } from './model.ts';
import { sc, x86Tso } from './total-store-order.ts';

/** Every memory model that there is, from the strongest to the weakest: the order of all tables. */
export const memoryModels: readonly MemoryModel[] = [sc, x86Tso, lkmmMarked, lkmm];

export function modelByName(name: string): MemoryModel | undefined {
  return memoryModels.find((model) => model.name === name);
}
