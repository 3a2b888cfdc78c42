import type { Scenario } from 'fencepost';
import { enableLog, mapAndWrite, unloggedSlot } from '../../models/dirty-log/enable-log.ts';
import { dirtyNotLost } from '../../models/properties/dirty-not-lost.ts';
import * as proposals from '../../models/proposals/dirty-log.ts';
import { versions } from '../../models/proposals/versions/index.ts';
import * as sites from '../../models/sites/dirty-log.ts';
import { loggedVm } from '../../models/worlds/logged.ts';
import { ENTRY_AND_KICK_SITES } from '../p02-requests/sites.ts';
import { EVERYWHERE, PLAIN_MODE, WEAK } from '../verdicts.ts';

const NOT_MAPPED = 0;

/** Nothing of this has changed between the first and the last kernel. */
const KERNELS = ['v5.14', 'v7.1'] as const;

export const faultVsEnableLog: Scenario = {
  name: 'fault-vs-enable-log',
  question: 'Can a fault leave a page writable, and nobody know, in a slot that is logged from now on?',
  doc:
    'The page is not mapped. On CPU0 the guest writes to it: the fault finds the slot within an SRCU section, and marks the ' +
    'page dirty if the slot is logged. On CPU1 userspace turns on logging: the new flags are published, readers are waited ' +
    'for, W is taken, TLBs are flushed, and then userspace copies the page.',
  sources: ['KVM-MMU.md A17, P19'],
  sites: [
    sites.enableLogWait,
    sites.enableLogFlush,
    sites.fastFaultDirty,
    sites.fastFaultStore,
    ...ENTRY_AND_KICK_SITES,
  ],
  proposals: [
    ...KERNELS.map((name) => versions[name]),
    proposals.enableLogFenced,
    proposals.enableLogWithoutWait,
    proposals.enableLogWithoutFlush,
  ],
  protocols: ['P19'],
  mutants: [proposals.enableLogWithoutWait.name, proposals.enableLogWithoutFlush.name],
  expectations: [
    {
      proposals: ['v5.14'],
      verdicts: PLAIN_MODE,
      because:
        'KVM-MMU.md A13: v5.14 ends its flush by a cmpxchg() of tlbs_dirty that succeeds, which is a full fence, as in ' +
        'fast-fault-vs-harvest',
    },
    {
      proposals: ['v7.1'],
      verdicts: WEAK,
      because:
        'A17: who has found the slot without the flag has mapped the page before W is taken, and who finds it later marks the ' +
        'page. Under LKMM the flush may order nothing, as in fast-fault-vs-harvest',
    },
    {
      proposals: [proposals.enableLogFenced.name],
      verdicts: PLAIN_MODE,
      because:
        'the fence makes up for the failed cmpxchg(); but vcpu->mode is written plainly, and LKMM promises nothing about a ' +
        'plain write that races with that cmpxchg()',
    },
    {
      proposals: [proposals.enableLogWithoutWait.name],
      verdicts: EVERYWHERE,
      because: 'A17: a fault that has found the old flags stores a writable SPTE behind the write protection',
    },
    {
      proposals: [proposals.enableLogWithoutFlush.name],
      verdicts: EVERYWHERE,
      because: 'A17: the guest goes on writing through its TLB after userspace has copied the page',
    },
  ],
  world() {
    const vm = unloggedSlot(loggedVm(NOT_MAPPED, 0));
    const [vcpu] = vm.kvm.vcpus;
    return {
      memory: vm.kvm.memory,
      threads: [
        { name: 'CPU0 (vCPU)', body: () => mapAndWrite(vcpu, vm, 1) },
        { name: 'CPU1 (memslot ioctl)', body: () => enableLog(vm) },
      ],
      properties: [dirtyNotLost(vm.page)],
    };
  },
};
