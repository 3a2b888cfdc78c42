import type { Scenario } from 'fencepost';
import { invlpgPrefetch, writeAndInstall } from '../../models/shadow/invlpg-prefetch.ts';
import { Kvm } from '../../models/vm/kvm.ts';
import { prefetchCounted, prefetchUnchecked } from '../../models/proposals/guest-pte-update.ts';
import { versions, VERSIONS } from '../../models/proposals/versions/index.ts';
import { invlpgRead } from '../../models/sites/guest-pte-update.ts';
import { EVERYWHERE, SAFE, WEAK } from '../verdicts.ts';

const OLD = 1;
const NEW = 2;

export const invlpgPrefetchVsWrite: Scenario = {
  name: 'invlpg-prefetch-vs-write',
  question: 'Can INVLPG install an SPTE from a guest PTE that an emulated write has replaced?',
  doc:
    'CPU0 emulates INVLPG and makes the SPTE anew at once. CPU1 emulates a write to the guest PTE. Both are cut down to ' +
    'the guest PTE and the SPTE.',
  sources: ['KVM-MMU.md P07, C31', '08e850c6536d (2010)', '9fd4a4e3a3d9 (v6.4), what it removes'],
  sites: [invlpgRead],
  proposals: [...VERSIONS.map((name) => versions[name]), prefetchUnchecked, prefetchCounted],
  protocols: ['P07'],
  bugs: [{ id: 'C31', buggy: 'invlpg-unchecked', fixed: 'v5.14' }],
  mutants: ['invlpg-unchecked'],
  expectations: [
    {
      proposals: ['invlpg-counter'],
      verdicts: WEAK,
      because:
        'C31: a counter that is compared under mmu_lock shows that the guest PTE has been written since. Under LKMM nothing ' +
        'orders the read of the counter before that of the guest PTE (an inference of ours); x86 keeps loads in order',
    },
    {
      proposals: [...VERSIONS],
      verdicts: SAFE,
      because:
        'A9: FNAME(invlpg) takes mmu_lock and then reads the guest PTE, as sync_spte() does since 9fd4a4e3a3d9 (v6.4), so ' +
        'the later of the two reads sees the later value',
    },
    {
      proposals: ['invlpg-unchecked'],
      verdicts: EVERYWHERE,
      because:
        'C31: the write installs its SPTE between the read of INVLPG and its mmu_lock, and the older one comes over it',
    },
  ],
  world() {
    const kvm = new Kvm({ vcpus: 1, guestPages: [], guestRoot: 0 });
    const { memory } = kvm;
    const pte = {
      kvm,
      gpte: memory.location('gpte', OLD),
      sptep: memory.location('*sptep', OLD),
      invlpgCounter: memory.location('kvm->arch.invlpg_counter'),
    };
    return {
      memory,
      threads: [
        { name: 'CPU0 (INVLPG)', body: () => invlpgPrefetch(pte) },
        { name: 'CPU1 (emulated write)', body: () => writeAndInstall(pte, NEW) },
      ],
      properties: [
        {
          name: 'no-stale-spte',
          doc: 'the SPTE is made from what the guest PTE holds',
          check(final) {
            const [spte, gpte] = [pte.sptep, pte.gpte].map((each) => final.value(each));
            return spte === gpte ? undefined : `the SPTE is made from ${spte}, the guest PTE is ${gpte}`;
          },
        },
      ],
    };
  },
};
