/** What a vCPU may do next as L1 about L2, or as L2. */
import type { NestedWorld } from '../../worlds/world.ts';
import type { GuestOperation } from '../operation.ts';

export function* nestedOperations(
  { entries, pages, accesses, invept, invvpid }: NestedWorld,
  vcpu: number,
  isL2: boolean,
): Iterable<GuestOperation> {
  if (!isL2) {
    for (const entry of entries) yield { kind: 'vm-entry', vcpu, entry };
    for (const eptp of invept) yield { kind: 'invept', vcpu, ...(eptp !== 'all' && { eptp }) };
    for (const vpid of invvpid) yield { kind: 'invvpid', vcpu, vpid };
    return;
  }
  for (const page of pages) {
    for (const access of accesses) yield { kind: 'l2-access', vcpu, page, access };
  }
  yield { kind: 'vm-exit', vcpu };
}
