import { Memory, type Scenario, type Steps } from 'fencepost';
import { publishEarly, publishOnce, publishedOnce, publishTwice } from '../../models/proposals/published.ts';
import { versions, VERSIONS } from '../../models/proposals/versions/index.ts';
import { keepInArray, publish, published, useArray, type Published } from '../../models/published.ts';
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

const RMAPS = {
  writer: 'mmu_first_shadow_root_alloc',
  reader: 'kvm_shadow_root_allocated',
  flag: 'kvm->arch.shadow_root_allocated',
  array: 'slot->arch.rmap[0]',
  since: 'v5.15',
} as const;

export const rmapsVsFirstRoot = useVsPublish({ ...RMAPS, name: 'rmaps-vs-first-root', protocol: 'P14' });

export const hashVsFirstRoot = useVsPublish({
  name: 'hash-vs-first-root',
  protocol: 'P15',
  writer: 'kvm_mmu_alloc_page_hash',
  reader: 'kvm_get_mmu_page_hash',
  flag: 'kvm->arch.mmu_page_hash',
  array: 'mmu_page_hash[0], zeroed',
  since: 'v7.1',
});

export const trackingVsFirstUser = useVsPublish({
  name: 'tracking-vs-first-user',
  protocol: 'P16',
  writer: 'kvm_enable_external_write_tracking',
  reader: 'kvm_external_write_tracking_enabled',
  flag: 'kvm->arch.external_write_tracking_enabled',
  array: 'slot->arch.gfn_write_track',
  since: 'v6.10',
});

const SINCE_RMAPS = VERSIONS.slice(VERSIONS.indexOf(RMAPS.since));

function* allocateAndKeep(rmaps: Published, allocation: number): Steps {
  yield* publish(rmaps, allocation);
  yield* keepInArray(rmaps);
}

export const twoFirstRoots: Scenario = {
  name: 'two-first-roots',
  question: 'Do two vCPUs that load the first shadow root use the same rmap arrays?',
  doc:
    'Two vCPUs find no shadow root allocated. Each takes slots_arch_lock, allocates the arrays if nobody else has, and ' +
    'keeps something in them.',
  sources: ['KVM-MMU.md A17, P14', 'd501f747ef5c', '1e76a3ce0d3c (v5.16)'],
  sites: [sites.publishStore, sites.publishRecheck],
  proposals: [...SINCE_RMAPS.map((version) => versions[version]), publishTwice],
  protocols: ['P14'],
  mutants: [publishTwice.name],
  expectations: [
    {
      proposals: SINCE_RMAPS,
      verdicts: SAFE,
      because: 'A17: the flag is looked at again under slots_arch_lock, so only the first one allocates',
    },
    {
      proposals: [publishTwice.name],
      verdicts: EVERYWHERE,
      because: 'P14: the second allocation takes the place of the arrays that the first vCPU uses',
    },
  ],
  world() {
    const memory = new Memory();
    const rmaps = published(memory, RMAPS);
    return {
      memory,
      threads: [1, 2].map((allocation, cpu) => ({
        name: `CPU${cpu} (first shadow root)`,
        body: () => allocateAndKeep(rmaps, allocation),
      })),
      properties: [],
    };
  },
};
