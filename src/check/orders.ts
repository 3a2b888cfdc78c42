/** More turns than any thread has events. */
const TURNS = 400;

/** Schedules that between them pass what a scenario is about: each thread whole and first, and all in turn. */
export function ordersOf(threads: number): number[][] {
  const all = Array.from({ length: threads }, (_, thread) => thread);
  const inTurn = Array.from({ length: TURNS }, (_, i) => i % threads);
  return [...all.map((first) => Array<number>(TURNS).fill(first)), inTurn];
}
