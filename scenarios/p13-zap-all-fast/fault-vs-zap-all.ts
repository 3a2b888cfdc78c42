import type { Scenario } from 'fencepost';
import { pageFault } from '../../models/fault/page-fault.ts';
import { versions, VERSIONS } from '../../models/proposals/versions/index.ts';
import { noStaleRootCheck, zapAllLockDropped } from '../../models/proposals/zap-all-fast.ts';
import { noObsoletePage } from '../../models/properties/no-obsolete-page.ts';
import { zappedPagesEmpty } from '../../models/properties/zapped-pages-empty.ts';
import * as sites from '../../models/sites/index.ts';
import { CURRENT_ROOT, loadedRoots } from '../../models/worlds/zap-all.ts';
import { kvmMmuZapAllFast } from '../../models/zap/zap-all-fast.ts';
import { FAULT_SITES, ZAP_SITES } from '../p01-isp/sites.ts';
import { EVERYWHERE, SAFE } from '../verdicts.ts';

export const faultVsZapAll: Scenario = {
  name: 'fault-vs-zap-all',
  question: 'Can a fault install an SPTE below a root that kvm_mmu_zap_all_fast() has zapped?',
  doc: 'CPU0 handles a fault below its root. CPU1 deletes a memslot, so that all shadow pages become obsolete and are zapped.',
  sources: ['KVM-MMU.md P13, C08, A12, G5 row 10', 'a955cad84cda (v5.16)'],
  sites: [...FAULT_SITES, ...ZAP_SITES, sites.zapAllRequest, sites.flushTlbsDirty],
  proposals: [...VERSIONS.map((name) => versions[name]), noStaleRootCheck, zapAllLockDropped],
  protocols: ['P13'],
  bugs: [{ id: 'C08', buggy: 'v5.15', fixed: 'v6.1' }],
  mutants: ['v7.1-mode-once/no-stale-root-check'],
  equivalents: [zapAllLockDropped.name],
  expectations: [
    {
      proposals: ['v5.14', 'v5.15', 'v7.1-mode-once/no-stale-root-check'],
      verdicts: EVERYWHERE,
      because:
        'C08: the fault has its pfn before the zap and takes mmu_lock after it; nothing makes it look at its root',
    },
    {
      proposals: ['v6.1', 'v6.3', 'v6.6', 'v6.10', 'v6.12', 'v7.1', zapAllLockDropped.name],
      verdicts: SAFE,
      because:
        'a955cad84cda: is_page_fault_stale() looks at the root under mmu_lock, where it becomes obsolete too',
    },
  ],
  world() {
    const kvm = loadedRoots(false);
    const [vcpu] = kvm.vcpus;
    return {
      memory: kvm.memory,
      threads: [
        {
          name: 'CPU0 (page fault)',
          body: () => pageFault(vcpu, CURRENT_ROOT, 0),
        },
        { name: 'CPU1 (memslot deletion)', body: () => kvmMmuZapAllFast(kvm) },
      ],
      properties: [zappedPagesEmpty(kvm), noObsoletePage(kvm)],
    };
  },
};
