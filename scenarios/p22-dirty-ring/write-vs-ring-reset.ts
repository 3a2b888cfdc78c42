import type { Scenario } from 'fencepost';
import { ringEntry } from '../../models/dirty-log/dirty-ring.ts';
import { collectAndCopy, GFN, ringNotLost, writeWithRing } from '../../models/dirty-log/logged-ring.ts';
import * as proposals from '../../models/proposals/dirty-log.ts';
import { versions } from '../../models/proposals/versions/index.ts';
import * as sites from '../../models/sites/dirty-log.ts';
import { loggedVm, WRITABLE } from '../../models/worlds/logged.ts';
import { ENTRY_AND_KICK_SITES } from '../p02-requests/sites.ts';
import { EVERYWHERE, PLAIN_MODE, WEAK } from '../verdicts.ts';

const { ringCopiedFirst, ringFenced, ringUnflushed, ringUnprotected } = proposals;

/** The ring came with v5.11, so every version of the catalogue has it, and none differs in it. */
const KERNELS = ['v5.14', 'v7.1'] as const;

export const writeVsRingReset: Scenario = {
  name: 'write-vs-ring-reset',
  question:
    'Can the guest write to a page that userspace has collected from the dirty ring, and no new entry say so?',
  doc:
    'The page is writable, and the ring has its entry. On CPU0 the guest writes to it again; if that faults, the fast page ' +
    'fault pushes a new entry. On CPU1 userspace collects the entry, has the ring reset, which takes W and flushes, and then ' +
    'copies the page.',
  sources: ['KVM-MMU.md A17, P22, G3 (I8)', 'Documentation/virt/kvm/api.rst, 8.29'],
  sites: [
    sites.ringPublish,
    sites.ringFlag,
    sites.ringCollect,
    sites.ringHarvest,
    sites.ringReset,
    sites.ringResetProtect,
    sites.ringResetFlush,
    sites.ringResetOrder,
    sites.fastFaultDirty,
    sites.fastFaultStore,
    ...ENTRY_AND_KICK_SITES,
  ],
  proposals: [
    ...KERNELS.map((name) => versions[name]),
    ringFenced,
    ringUnprotected,
    ringUnflushed,
    ringCopiedFirst,
  ],
  protocols: ['P22'],
  mutants: [ringUnprotected.name, ringUnflushed.name, ringCopiedFirst.name],
  expectations: [
    {
      proposals: ['v5.14'],
      verdicts: PLAIN_MODE,
      because:
        'I8, and the flush ends by a cmpxchg() of tlbs_dirty that succeeds, which is a full fence, as in fast-fault-vs-harvest',
    },
    {
      proposals: ['v7.1'],
      verdicts: WEAK,
      because:
        'I8: when userspace copies the page it has no W, and no TLB has it, so that the next write is a fault with an entry of ' +
        'its own. Under LKMM the flush may order nothing, as in fast-fault-vs-harvest',
    },
    {
      proposals: [ringFenced.name],
      verdicts: PLAIN_MODE,
      because:
        'the fence makes up for the failed cmpxchg(); but vcpu->mode is written plainly, and LKMM promises nothing about a ' +
        'plain write that races with that cmpxchg()',
    },
    {
      proposals: [ringUnprotected.name, ringUnflushed.name],
      verdicts: EVERYWHERE,
      because: 'I8: the guest goes on writing, through the SPTE or through its TLB, and nobody is told',
    },
    {
      proposals: [ringCopiedFirst.name],
      verdicts: EVERYWHERE,
      because: 'api.rst: between the copy and the reset the page is writable, and its entry is taken already',
    },
  ],
  world() {
    const { kvm, page } = loggedVm(WRITABLE, 0);
    const { memory } = kvm;
    const [vcpu] = kvm.vcpus;
    const vm = {
      kvm,
      page,
      pushed: ringEntry(memory, 'entry0', GFN),
      free: ringEntry(memory, 'entry1'),
    };
    return {
      memory,
      threads: [
        { name: 'CPU0 (vCPU)', body: () => writeWithRing(vcpu, vm, 1) },
        { name: 'CPU1 (userspace)', body: () => collectAndCopy(vm) },
      ],
      properties: [ringNotLost(vm)],
    };
  },
};
