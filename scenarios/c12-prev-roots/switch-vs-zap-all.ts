import { call, type Scenario, type Steps } from 'fencepost';
import type { Vcpu } from '../../models/vm/kvm.ts';
import { enterOnRoot, judgeRun, prepareEntry, zapAndReturn } from '../../models/entry/obsolete-entry.ts';
import { modeOnce } from '../../models/proposals/guest-entry.ts';
import { currentRootTested } from '../../models/proposals/zap-all-fast.ts';
import { noObsoletePage } from '../../models/properties/no-obsolete-page.ts';
import { kvmMmuNewPgd } from '../../models/roots/roots.ts';
import * as sites from '../../models/sites/index.ts';
import { CACHED_PGD, CACHED_ROOT, onlyPreviousRoot } from '../../models/worlds/prev-roots.ts';
import { kvmMmuZapAllFast } from '../../models/zap/zap-all-fast.ts';
import { OBSOLETE_ENTRY_SITES } from '../p12-obsolete-root/sites.ts';
import { EVERYWHERE, SAFE } from '../verdicts.ts';

/** KVM_RUN behind a MOV CR3 that found no root, then a MOV CR3 to the page table that has one; the run in between does no more. */
function* runAndSwitch(vcpu: Vcpu): Steps {
  yield* call('vcpu_enter_guest', prepareEntry(vcpu));
  yield* kvmMmuNewPgd(vcpu, CACHED_PGD);
  yield* judgeRun(yield* enterOnRoot(vcpu), [CACHED_ROOT]);
}

export const switchVsZapAll: Scenario = {
  name: 'switch-vs-zap-all',
  question: 'Can a MOV CR3 take up a previous root that kvm_mmu_zap_all_fast() is about to zap, and keep it?',
  doc:
    'The last MOV CR3 of the vCPU on CPU0 found no cached root; one previous root is left. CPU0 enters the guest, which ' +
    'loads a root, switches to the page table of the previous one at once, and enters again. CPU1 deletes a memslot: all pages ' +
    'become obsolete, and are zapped page by page; in between others may have mmu_lock.',
  sources: ['KVM-MMU.md C12, P12, P13, A10, A12', 'cf4a8693d97a (v5.19)', '527d5cd7eece (v5.18)'],
  tier: 'deep',
  sites: [
    ...OBSOLETE_ENTRY_SITES,
    sites.zapAllRequest,
    sites.findObsolete,
    sites.flushOnReuse,
    sites.rootUsable,
  ],
  proposals: [modeOnce, currentRootTested],
  protocols: ['P12', 'P13'],
  bugs: [{ id: 'C12', buggy: currentRootTested.name, fixed: modeOnce.name }],
  mutants: [currentRootTested.name],
  expectations: [
    {
      proposals: [modeOnce.name],
      verdicts: SAFE,
      because:
        'cf4a8693d97a: the request frees the previous root, whether or not role.invalid is set by then; and who switched ' +
        'before it was made lets go of the root when the request is served (P12)',
    },
    {
      proposals: [currentRootTested.name],
      verdicts: EVERYWHERE,
      because:
        'C12: the request is served while no root is current, and the previous one is judged by that empty slot; the switch ' +
        'finds it before the zap marks it role.invalid, for which nobody is asked again',
    },
  ],
  world() {
    const kvm = onlyPreviousRoot({ breaks: true });
    const [vcpu] = kvm.vcpus;
    return {
      memory: kvm.memory,
      threads: [
        { name: 'CPU0 (vCPU)', body: () => runAndSwitch(vcpu) },
        { name: 'CPU1 (memslot deletion)', body: () => zapAndReturn(kvm, kvmMmuZapAllFast(kvm)) },
      ],
      properties: [noObsoletePage(kvm)],
    };
  },
};
