/** Mutations of protocols that have a path of their own each (KVM-MMU.md P23, P33, P41, P42). */
import { deriveProposal, type Proposal, type Site } from 'fencepost';
import * as sites from '../sites/small-protocols.ts';
import { versions } from './versions/index.ts';

function mutate(name: string, doc: string, site: Site, option: string): Proposal {
  return deriveProposal(versions['v7.1'], `v7.1/${name}`, doc, { [site.name]: option });
}

/** What LKMM misses in `__get_spte_lockless()`; x86 keeps loads in order. */
export const halvesFenced = mutate(
  'halves-fenced',
  'with smp_rmb() between the second reads of the low half and of clear_spte_count',
  sites.halvesRecheckFence,
  'smp_rmb()',
);

function mutateHalves(name: string, doc: string, site: Site, option: string): Proposal {
  return deriveProposal(halvesFenced, `${halvesFenced.name}/${name}`, doc, { [site.name]: option });
}

export const halvesNoWmb = mutateHalves(
  'no-wmb',
  'without smp_wmb() between the halves',
  sites.halvesWriteFences,
  'none',
);

export const halvesNoRmb = mutateHalves(
  'no-rmb',
  'without smp_rmb() between the first reads',
  sites.halvesReadFences,
  'none',
);

export const halvesLowOnly = mutateHalves(
  'low-only',
  'the count is not compared',
  sites.halvesRecheck,
  'low',
);

export const halvesCountOnly = mutateHalves(
  'count-only',
  'the low half is not compared',
  sites.halvesRecheck,
  'count',
);

export const rmapUnlockedWriter = mutate(
  'rmap-unlocked-writer',
  'a rmap is changed without its lock bit',
  sites.rmapWriterLock,
  'none',
);
export const rmapUnlockedAger = mutate(
  'rmap-unlocked-ager',
  'a rmap is walked without its lock bit',
  sites.rmapAgerLock,
  'none',
);
export const rmapRelaxedAger = mutate(
  'rmap-relaxed-ager',
  'the lock bit is taken without acquire',
  sites.rmapAgerLock,
  'cmpxchg_relaxed',
);
export const rmapOnceUnlock = mutate(
  'rmap-once-unlock',
  'the lock bit is cleared without release',
  sites.rmapAgerUnlock,
  'once',
);

export const hostWalkWithInterrupts = mutate(
  'host-walk-with-interrupts',
  'the host page table is walked with interrupts on',
  sites.hostWalkInterrupts,
  'on',
);
export const hostFreeAtOnce = mutate(
  'host-free-at-once',
  'a host page table is freed without waiting for CPUs',
  sites.hostFreeWait,
  'none',
);

export const preemptedAnywhere = mutate(
  'preempted-anywhere',
  'a vCPU is reported as preempted in the middle of an emulation',
  sites.preemptedPlace,
  'anywhere',
);
export const preemptedNotAtomic = mutate(
  'preempted-not-atomic',
  'the flags are read and cleared, not exchanged',
  sites.preemptedTake,
  'read and clear',
);
