import type { Scenario, Steps } from 'fencepost';
import { enterOnRoot, judgeRun, zapAndReturn } from '../../models/entry/obsolete-entry.ts';
import { modeOnce, noEntryFence, noIpiWait } from '../../models/proposals/guest-entry.ts';
import { zapEarlyRequest, zapWithoutMark } from '../../models/proposals/zap-all-fast.ts';
import { KERNELS } from '../../models/proposals/unsync.ts';
import { countsBalanced } from '../../models/properties/counts-balanced.ts';
import { zappedPagesEmpty } from '../../models/properties/zapped-pages-empty.ts';
import { emulatorWritePhys } from '../../models/shadow/emulated-write.ts';
import * as sites from '../../models/sites/index.ts';
import type { Vcpu } from '../../models/vm/kvm.ts';
import { CURRENT_PGD, CURRENT_ROOT, floodableRoot } from '../../models/worlds/zap-all.ts';
import { WRITE_SITES } from '../p01-isp/sites.ts';
import { EVERYWHERE, REORDERED, SAFE } from '../verdicts.ts';
import { OBSOLETE_ENTRY_SITES } from './sites.ts';

/** The third of them is one too many. */
const WRITES = 3;

function* writeInARow(vcpu: Vcpu): Steps {
  for (let write = 0; write < WRITES; write++)
    yield* emulatorWritePhys(vcpu, { gfn: CURRENT_PGD, index: 0 }, 0);
}

export const entryVsFloodedRoot: Scenario = {
  name: 'entry-vs-flooded-root',
  question: 'Can a vCPU run on a root that emulated writes have zapped, once these are done?',
  doc:
    'CPU0 enters the guest with a root loaded. CPU1 emulates three writes to its page directory, with no walk in between: KVM ' +
    'takes it for no page table any more and zaps the root, loaded as it is.',
  sources: ['KVM-MMU.md P12, A16 (5), A12, G3 (I7)'],
  sites: [
    ...OBSOLETE_ENTRY_SITES,
    ...WRITE_SITES.filter((site) => site !== sites.trackWriteZap && site !== sites.flushTlbsDirty),
    sites.prepareZapRequest,
  ],
  proposals: [...KERNELS, modeOnce, noEntryFence, noIpiWait, zapWithoutMark, zapEarlyRequest],
  protocols: ['P12'],
  mutants: [noEntryFence.name, noIpiWait.name, zapWithoutMark.name, zapEarlyRequest.name],
  expectations: [
    {
      proposals: [...KERNELS.map(({ name }) => name), modeOnce.name],
      verdicts: SAFE,
      because:
        'P12: detect_write_flooding() zaps as any other: the mark, the request, and the wait for who runs on the root (P02)',
    },
    {
      proposals: [noEntryFence.name],
      verdicts: REORDERED,
      because: 'P02: the vCPU misses the request, the requester the mode: store buffering',
    },
    {
      proposals: [noIpiWait.name, zapWithoutMark.name],
      verdicts: EVERYWHERE,
      because: 'P12, P03: nothing makes the vCPU leave its root before the writes are done',
    },
    {
      proposals: [zapEarlyRequest.name],
      verdicts: EVERYWHERE,
      because: 'P12: the vCPU takes the request, finds its root valid, and keeps it',
    },
  ],
  world() {
    const kvm = floodableRoot();
    const [vcpu, writer] = kvm.vcpus;
    return {
      memory: kvm.memory,
      threads: [
        {
          name: 'CPU0 (vCPU)',
          *body() {
            yield* judgeRun(yield* enterOnRoot(vcpu), [CURRENT_ROOT]);
          },
        },
        { name: 'CPU1 (emulated writes)', body: () => zapAndReturn(kvm, writeInARow(writer)) },
      ],
      properties: [zappedPagesEmpty(kvm), countsBalanced(kvm)],
    };
  },
};
