/**
 * The host's side of guest memory: the page table of the process that runs the VM, which the primary MM may
 * change at any time between an invalidation's start and its end (KVM-MMU.md A17).
 */
import {
  call,
  readOnce,
  spinLock,
  spinUnlock,
  writeOnce,
  type Location,
  type Read,
  type Steps,
} from 'fencepost';
import type { Kvm } from './kvm.ts';

/** The host PTE behind a guest frame; its value is the host frame. */
export function hostPte({ memory }: Kvm, gfn: number, pfn: number): Location {
  return memory.location(`host_pte(gfn${gfn})`, pfn);
}

/** `__gfn_to_pfn_memslot()`: the lockless walk of the host's page table, for one mapped page. */
export function gfnToPfn(pte: Location): Steps<Read> {
  return call('__gfn_to_pfn_memslot', readOnce(pte));
}

/**
 * The primary MM maps another host frame; the old one is free from here. It holds the lock of the page table:
 * that unlock, with the lock that the end of the invalidation takes, orders the two for all others to see.
 */
export function* replaceHostPage({ memory }: Kvm, pte: Location, pfn: number): Steps {
  const ptl = memory.spinlock('ptl', null);
  yield* spinLock(ptl);
  yield* writeOnce(pte, pfn, { text: `set_pte(${pte.name})` });
  yield* spinUnlock(ptl);
}
