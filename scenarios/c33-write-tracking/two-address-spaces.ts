import type { Scenario } from 'fencepost';
import { versions } from '../../models/proposals/versions/index.ts';
import { allAddressSpaces } from '../../models/proposals/write-tracking.ts';
import { writeTrackSpaces } from '../../models/sites/write-tracking.ts';
import { faultInSmm, shadowTable, TrackedFrame } from '../../models/shadow/write-tracking.ts';
import { EVERYWHERE, SAFE } from '../verdicts.ts';

export const twoAddressSpaces: Scenario = {
  name: 'two-address-spaces',
  question: 'Can a write fault in SMM make an upper-level shadow page unsync?',
  doc:
    'A guest frame holds an upper-level page table, for which it is write-tracked. CPU0 shadows the table, on behalf of a ' +
    'vCPU outside SMM; CPU1 handles a write fault of the same frame on behalf of one in SMM. Both hold mmu_lock for write: ' +
    'the order of the two is all there is to it.',
  sources: ['KVM-MMU.md C33', '0f38453cdb2e (2026)'],
  sites: [writeTrackSpaces],
  // Whether v7.1 has the fix is not known; v6.12 is older than it.
  proposals: [versions['v6.12'], allAddressSpaces],
  bugs: [{ id: 'C33', buggy: 'v6.12', fixed: 'v6.12/0f38453cdb2e' }],
  expectations: [
    {
      proposals: ['v6.12'],
      verdicts: EVERYWHERE,
      because: 'C33: the count is in the memslot of the other address space',
    },
    {
      proposals: ['v6.12/0f38453cdb2e'],
      verdicts: SAFE,
      because: '0f38453cdb2e: the fault finds the count, in whichever address space it is',
    },
  ],
  world() {
    const frame = new TrackedFrame();
    return {
      memory: frame.kvm.memory,
      threads: [
        { name: 'CPU0 (page fault)', body: () => shadowTable(frame) },
        { name: 'CPU1 (page fault in SMM)', body: () => faultInSmm(frame) },
      ],
      properties: [
        {
          name: 'unsync-leaf-only',
          doc: 'shadow pages above the lowest level are in sync',
          check: (final) =>
            final.value(frame.unsync) !== 0 ? 'an upper-level shadow page was marked unsync' : undefined,
        },
      ],
    };
  },
};
