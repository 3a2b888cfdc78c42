import type { Scenario } from 'fencepost';
import { runGuest, serveRequests } from '../../models/entry/guest-entry.ts';
import { Hardware } from '../../models/processor/hardware.ts';
import { KVM_REQ_TLB_FLUSH } from '../../models/vm/kvm.ts';
import * as proposals from '../../models/proposals/guest-entry.ts';
import { versions, VERSIONS } from '../../models/proposals/versions/index.ts';
import * as sites from '../../models/sites/guest-entry.ts';
import { unmapAndFree } from '../../models/zap/unmap-frame.ts';
import { FRAME, LEAF_ROOT, MAPPED_PAGE, MAPPED_SPTE, oneMappedPage } from '../../models/worlds/entry.ts';
import { EVERYWHERE, REORDERED, SAFE, WEAK } from '../verdicts.ts';
import { ENTRY_AND_KICK_SITES, REQUEST_SITES } from './sites.ts';

/** P02 and P03 together: the requests are what tells the vCPU of the SPTE that has gone. */
export const entryVsFlush: Scenario = {
  name: 'entry-vs-flush',
  question: 'Can the guest reach a host page that was given away after kvm_flush_remote_tlbs()?',
  doc:
    'CPU1 drops the SPTE of a page, flushes, and gives the page away. CPU0 enters the guest twice: in the first run ' +
    'the processor may fetch the translation, in the second the guest uses it, from the TLB or by another walk.',
  sources: ['KVM-MMU.md P02, P03, P11, A13, G5 row 2', 'Documentation/virt/kvm/vcpu-requests.rst'],
  sites: [...ENTRY_AND_KICK_SITES, ...REQUEST_SITES, sites.requestFence, sites.kickFence],
  proposals: [
    ...VERSIONS.map((name) => versions[name]),
    proposals.modeOnce,
    proposals.noEntryFence,
    proposals.entryWithInterrupts,
    proposals.noIpiWait,
    proposals.noRequestFence,
    proposals.noKickFence,
    proposals.noCheckFence,
  ],
  protocols: ['P02', 'P03', 'P11', 'P38'],
  mutants: [
    'v7.1-mode-once/no-entry-fence',
    'v7.1-mode-once/entry-with-interrupts',
    'v7.1-mode-once/no-ipi-wait',
    'v7.1-mode-once/no-request-fence',
    'v7.1-mode-once/no-kick-fence',
  ],
  equivalents: [
    'v7.1-mode-once/no-request-fence',
    'v7.1-mode-once/no-kick-fence',
    'v7.1-mode-once/no-check-fence',
  ],
  expectations: [
    {
      proposals: [...VERSIONS, 'v7.1-mode-once'],
      verdicts: SAFE,
      because:
        'P02 and P03: either the vCPU sees the request and stays out, or the flusher sees the mode and waits. vcpu->mode is ' +
        'written plainly after an exit; LKMM flags the race with the cmpxchg(), but the write is behind a fence, so ' +
        'plain-coherence keeps the waiting flusher from going on before the guest run is over',
    },
    {
      proposals: ['v7.1-mode-once/no-entry-fence'],
      verdicts: REORDERED,
      because: 'P02: the store to vcpu->mode may still wait when the requests are read: store buffering',
    },
    {
      proposals: ['v7.1-mode-once/entry-with-interrupts'],
      verdicts: EVERYWHERE,
      because:
        'P02: the interrupt is taken before the VM-entry and ends no guest run; no ordering is involved',
    },
    {
      proposals: ['v7.1-mode-once/no-ipi-wait'],
      verdicts: EVERYWHERE,
      because: 'P03: the page is given away while the guest still runs with its translation',
    },
    {
      proposals: ['v7.1-mode-once/no-request-fence'],
      verdicts: WEAK,
      because:
        'P11: the request may be served before the SPTE is seen to go, and the next run fetches the translation ' +
        'again. On x86 set_bit() is LOCKed: an equivalent mutant',
    },
    {
      proposals: ['v7.1-mode-once/no-kick-fence'],
      verdicts: WEAK,
      because:
        'F2, P02: under LKMM a cmpxchg() that finds OUTSIDE_GUEST_MODE orders nothing, so the mode may be read before the ' +
        'request is seen: store buffering. On x86 set_bit() is LOCKed: an equivalent mutant',
    },
    {
      proposals: ['v7.1-mode-once/no-check-fence'],
      verdicts: SAFE,
      because:
        'an equivalent mutant in this world: the guest entry has a full fence of its own between the flush and the first walk',
    },
  ],
  world() {
    const kvm = oneMappedPage();
    const [vcpu] = kvm.vcpus;
    return {
      memory: kvm.memory,
      threads: [
        {
          name: 'CPU0 (vCPU)',
          *body() {
            const hardware = new Hardware(vcpu, LEAF_ROOT, 1);
            const handlers = { [KVM_REQ_TLB_FLUSH]: () => hardware.flush() };
            yield* serveRequests(vcpu, handlers);
            yield* runGuest(vcpu, () => hardware.mayFill(MAPPED_PAGE));
            do yield* serveRequests(vcpu, handlers);
            while (!(yield* runGuest(vcpu, () => hardware.access(MAPPED_PAGE))));
            yield* hardware.judge();
          },
        },
        { name: 'CPU1 (host)', body: () => unmapAndFree(kvm, MAPPED_SPTE, FRAME) },
      ],
      properties: [],
    };
  },
};
