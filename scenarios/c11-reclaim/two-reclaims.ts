import type { Scenario } from 'fencepost';
import { versions } from '../../models/proposals/versions/index.ts';
import { ActivePages, shadowFaultMakesRoom, tdpFaultMakesRoom } from '../../models/zap/reclaim.ts';
import { faultReclaim } from '../../models/sites/reclaim.ts';
import { EVERYWHERE, SAFE } from '../verdicts.ts';

export const twoReclaims: Scenario = {
  name: 'two-reclaims',
  question: 'Can two faults free the same shadow page to make room for new ones?',
  doc:
    'A VM with a nested guest has two shadow pages, which is one too many for each fault. CPU0 and CPU1 handle faults ' +
    'of the TDP MMU under mmu_lock held for read, CPU2 one of the nested guest under mmu_lock held for write.',
  sources: ['KVM-MMU.md A15, C11', '47b0c2e4c220 (v6.1)'],
  sites: [faultReclaim],
  // Whether the stable v5.15 has the fix was not looked up.
  proposals: [versions['v5.14'], versions['v6.1'], versions['v7.1']],
  bugs: [{ id: 'C11', buggy: 'v5.14', fixed: 'v6.1' }],
  expectations: [
    {
      proposals: ['v5.14'],
      verdicts: EVERYWHERE,
      because:
        'C11: mmu_lock held for read keeps neither fault from the list while the other one takes a page from it',
    },
    {
      proposals: ['v6.1', 'v7.1'],
      verdicts: SAFE,
      because: '47b0c2e4c220: only who holds mmu_lock for write takes pages from the list',
    },
  ],
  world() {
    const list = new ActivePages(2);
    return {
      memory: list.kvm.memory,
      threads: [
        { name: 'CPU0 (page fault)', body: () => tdpFaultMakesRoom(list) },
        { name: 'CPU1 (page fault)', body: () => tdpFaultMakesRoom(list) },
        { name: 'CPU2 (nested page fault)', body: () => shadowFaultMakesRoom(list) },
      ],
      properties: [
        {
          name: 'counts-balanced',
          doc: 'a shadow page is in the list, or it was freed',
          check(final) {
            const oldest = final.value(list.next(0));
            const wrong = [1, 2].find(
              (page) => (oldest !== 0 && page >= oldest) === (final.value(list.freed(page)) !== 0),
            );
            return wrong === undefined ? undefined : `sp${wrong} is in the list and freed, or neither`;
          },
        },
      ],
    };
  },
};
