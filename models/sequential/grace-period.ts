/**
 * When a path of KVM is over, nobody is left in an RCU read section: what was handed to call_rcu() is freed. Pages that were
 * freed say nothing any more, so that a later one in the same place is new.
 */
import type { Concrete, Steps } from 'fencepost';
import type { TdpMmu } from '../tdp/tdp-mmu.ts';

const QUEUED = /^(sp|root)(\d+)->rcu_head$/;
const FREED = /^(sp|root)(\d+) in other hands$/;
const OF_PAGE = /^(sp|root)(\d+)\b/;

/** `run` performs a callback to its end. */
export function endGracePeriod(
  tdp: TdpMmu,
  concrete: Concrete,
  run: (name: string, steps: () => Steps) => void,
): void {
  for (const [what, page] of pagesWith(concrete, QUEUED)) {
    const callback = (what === 'root' ? tdp.roots : tdp.tables).callback(page);
    run(`rcu_do_batch ${what}${page}`, () => callback.run());
  }
  const freed = new Set(pagesWith(concrete, FREED).map(([, page]) => page));
  for (const location of concrete.words.keys()) {
    const page = OF_PAGE.exec(location.name)?.[2];
    if (page !== undefined && freed.has(Number(page))) concrete.words.delete(location);
  }
}

function pagesWith({ words }: Concrete, name: RegExp): readonly (readonly [what: string, page: number])[] {
  return [...words].flatMap(([location, value]) => {
    const [, what, page] = (value !== 0 && name.exec(location.name)) || [];
    return what === undefined ? [] : [[what, Number(page)] as const];
  });
}
