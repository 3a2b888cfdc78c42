import { Memory, type Scenario, type Steps } from 'fencepost';
import { publishEarly, publishOnce, publishedOnce, publishTwice } from '../../models/proposals/published.ts';
import { versions, VERSIONS } from '../../models/proposals/versions/index.ts';
import { keepInArray, publish, published, useArray, type Published } from '../../models/shadow/published.ts';
import * as sites from '../../models/sites/published.ts';
import { EVERYWHERE, SAFE, WEAK } from '../verdicts.ts';

interface Question {
  readonly name: string;
  readonly protocol: string;
  readonly writer: string;
  readonly reader: string;
  readonly flag: string;
  readonly array: string;
  readonly since: (typeof VERSIONS)[number];
}

/** One shape under three names: message passing by a flag that stands for an array. */
function useVsPublish(question: Question): Scenario {
  const { name, protocol, flag, array, since } = question;
  return {
    name,
    question: `Can ${flag} be seen before ${array}?`,
    doc: `CPU0 allocates ${array} and publishes it by ${flag}. CPU1 looks without that lock, and uses it where it is there.`,
    sources: [`KVM-MMU.md ${protocol}, F2`],
    sites: [sites.publishStore, sites.publishLoad, sites.publishRecheck],
    proposals: [
      ...VERSIONS.slice(VERSIONS.indexOf(since)).map((version) => versions[version]),
      publishOnce,
      publishedOnce,
      publishEarly,
    ],
    protocols: [protocol],
    mutants: ['v7.1/publish-once', 'v7.1/published-once', 'v7.1/publish-early'],
    equivalents: ['v7.1/publish-once', 'v7.1/published-once'],
    expectations: [
      {
        proposals: VERSIONS.slice(VERSIONS.indexOf(since)),
        verdicts: SAFE,
        because: `${protocol}: a release behind the allocation, and an acquire before the use`,
      },
      {
        proposals: ['v7.1/publish-once', 'v7.1/published-once'],
        verdicts: WEAK,
        because: `${protocol}: x86 keeps stores and loads in order, so both are equivalent mutants there; LKMM does not`,
      },
      {
        proposals: ['v7.1/publish-early'],
        verdicts: EVERYWHERE,
        because: `${protocol}: the reader need only come in between; no ordering is involved`,
      },
    ],
    world() {
      const memory = new Memory();
      const what = published(memory, question);
      return {
        memory,
        threads: [
          { name: 'CPU0 (first shadow root)', body: () => publish(what) },
          { name: 'CPU1 (reader)', body: () => useArray(what) },
        ],
        properties: [],
      };
    },
  };
}

/** Two who both find nothing published, and both go to allocate it. */
function twoPublishers(question: Question & { readonly doc: string }): Scenario {
  const { name, protocol, flag, array, since, doc } = question;
  const kernels = VERSIONS.slice(VERSIONS.indexOf(since));
  return {
    name,
    question: `Do two that allocate ${array} at a time use the same one?`,
    doc: `${doc} Each takes slots_arch_lock, allocates if nobody else has, and keeps something in what ${flag} stands for.`,
    sources: [`KVM-MMU.md A17, ${protocol}`],
    sites: [sites.publishStore, sites.publishRecheck],
    proposals: [...kernels.map((version) => versions[version]), publishTwice],
    protocols: [protocol],
    mutants: [publishTwice.name],
    expectations: [
      {
        proposals: kernels,
        verdicts: SAFE,
        because: 'A17: the flag is looked at again under slots_arch_lock, so only the first one allocates',
      },
      {
        proposals: [publishTwice.name],
        verdicts: EVERYWHERE,
        because: `${protocol}: the second allocation takes the place of what the first one uses`,
      },
    ],
    world() {
      const memory = new Memory();
      const what = published(memory, question);
      return {
        memory,
        threads: [1, 2].map((allocation, cpu) => ({
          name: `CPU${cpu} (${question.writer})`,
          body: () => publishAndKeep(what, allocation),
        })),
        properties: [],
      };
    },
  };
}

function* publishAndKeep(what: Published, allocation: number): Steps {
  yield* publish(what, allocation);
  yield* keepInArray(what);
}

/** The flag was called memslots_have_rmaps until v5.15. */
const RMAPS = {
  protocol: 'P14',
  writer: 'mmu_first_shadow_root_alloc',
  reader: 'kvm_shadow_root_allocated',
  flag: 'kvm->arch.shadow_root_allocated',
  array: 'slot->arch.rmap[0]',
  since: 'v5.14',
} as const;

const HASH = {
  protocol: 'P15',
  writer: 'kvm_mmu_alloc_page_hash',
  reader: 'kvm_get_mmu_page_hash',
  flag: 'kvm->arch.mmu_page_hash',
  array: 'mmu_page_hash[0], zeroed',
  since: 'v7.1',
} as const;

const TRACKING = {
  protocol: 'P16',
  writer: 'kvm_enable_external_write_tracking',
  reader: 'kvm_external_write_tracking_enabled',
  flag: 'kvm->arch.external_write_tracking_enabled',
  array: 'slot->arch.gfn_write_track',
  since: 'v6.10',
} as const;

export const rmapsVsFirstRoot = useVsPublish({ ...RMAPS, name: 'rmaps-vs-first-root' });
export const hashVsFirstRoot = useVsPublish({ ...HASH, name: 'hash-vs-first-root' });
export const trackingVsFirstUser = useVsPublish({ ...TRACKING, name: 'tracking-vs-first-user' });

const BOTH_FIND_NONE = 'Two vCPUs that load a root find no shadow root allocated.';

export const rmapsOfTwoRoots = twoPublishers({ ...RMAPS, name: 'rmaps-of-two-roots', doc: BOTH_FIND_NONE });
export const hashOfTwoRoots = twoPublishers({ ...HASH, name: 'hash-of-two-roots', doc: BOTH_FIND_NONE });
export const trackingOfTwoUsers = twoPublishers({
  ...TRACKING,
  name: 'tracking-of-two-users',
  doc: 'Two external users of write tracking come at a time.',
});
