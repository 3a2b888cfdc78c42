/** More turns than any thread has events. */
const TURNS = 400;

/** Schedules that between them pass what a scenario is about: thread after thread in every order, and all in turn. */
export function ordersOf(threads: number): number[][] {
  const all = Array.from({ length: threads }, (_, thread) => thread);
  const inTurn = Array.from({ length: TURNS }, (_, i) => i % threads);
  const whole = permutations(all).map((order) =>
    order.flatMap((thread) => Array<number>(TURNS).fill(thread)),
  );
  return [...whole, inTurn];
}

function permutations(of: readonly number[]): number[][] {
  if (of.length === 0) return [[]];
  return of.flatMap((first) =>
    permutations(of.filter((other) => other !== first)).map((rest) => [first, ...rest]),
  );
}
