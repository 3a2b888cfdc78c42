import type { Scenario } from 'fencepost';
import { guestWrite } from '../../models/processor/guest-write.ts';
import * as proposals from '../../models/proposals/dirty-log.ts';
import { versions } from '../../models/proposals/versions/index.ts';
import { volatileSpte } from '../../models/sites/dirty-log.ts';
import { pfnDirty } from '../../models/sites/tdp-mmu.ts';
import { zapLeafUnderWriteLock } from '../../models/tdp/zap.ts';
import { CLEAN_WRITABLE, loggedVm } from '../../models/worlds/logged.ts';
import { ENTRY_AND_KICK_SITES } from '../p02-requests/sites.ts';
import { EVERYWHERE, SAFE } from '../verdicts.ts';

const BEFORE_FIX = ['v5.14', 'v5.15'] as const;
const FIXED = ['v6.1', 'v6.3', 'v6.6', 'v6.10', 'v6.12'] as const;

export const dirtyUpdateVsZap: Scenario = {
  name: 'dirty-update-vs-zap',
  question: 'Can the TDP MMU zap a writable SPTE and lose the D bit that the hardware sets meanwhile?',
  doc:
    'The SPTE is writable and clean. On CPU0 the guest writes to the page, for which the hardware sets D by a locked ' +
    'update. CPU1 zaps the SPTE under mmu_lock held for write, and marks the host page dirty if the SPTE was, as ' +
    'kernels did until v6.12: since aa85986e7150 the page is marked when a writable SPTE is made.',
  sources: ['KVM-MMU.md P17, C06', 'ba3a6120a4e7 (v5.18)', 'aa85986e7150 (v6.13)'],
  sites: [volatileSpte, pfnDirty, ...ENTRY_AND_KICK_SITES],
  proposals: [...[...BEFORE_FIX, ...FIXED].map((name) => versions[name]), proposals.volatileSpteStored],
  protocols: ['P17'],
  bugs: [{ id: 'C06', buggy: 'v5.15', fixed: 'v6.1' }],
  mutants: ['v6.12/volatile-spte-stored'],
  expectations: [
    {
      proposals: [...BEFORE_FIX, 'v6.12/volatile-spte-stored'],
      verdicts: EVERYWHERE,
      because: 'C06: D comes between the read of the SPTE and the store that clears it, and nobody sees it',
    },
    {
      proposals: [...FIXED],
      verdicts: SAFE,
      because: 'ba3a6120a4e7: an SPTE that may change meanwhile is exchanged, and judged by what came back',
    },
  ],
  world() {
    const { kvm, page } = loggedVm(CLEAN_WRITABLE, 0);
    const [vcpu] = kvm.vcpus;
    const pageDirty = kvm.memory.location('PageDirty(page)');
    return {
      memory: kvm.memory,
      threads: [
        {
          name: 'CPU0 (vCPU)',
          body: () => guestWrite(vcpu, page, 1),
        },
        { name: 'CPU1 (zap)', body: () => zapLeafUnderWriteLock(kvm, page.sptep, pageDirty) },
      ],
      properties: [
        {
          name: 'dirty-not-lost',
          doc: 'a page that the guest has written is marked dirty once its SPTE is gone',
          check(final) {
            const [written, marked] = [page.data, pageDirty].map((each) => final.value(each) !== 0);
            return written && !marked ? 'the guest has written to the page, and nobody knows' : undefined;
          },
        },
      ],
    };
  },
};
