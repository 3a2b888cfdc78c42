/** `fencepost mmu`: the simulated MMU, one operation at a time. */
import type { CommandGroup } from '../command.ts';
import { mmuCost } from './cost.ts';
import { mmuList } from './list.ts';
import { mmuMutants } from './mutants.ts';
import { mmuSearch } from './search.ts';

export const mmu: CommandGroup = {
  name: 'mmu',
  summary: 'search sequences of guest and host operations for what the architecture forbids',
  doc: [
    'Runs a small guest on the simulated MMU, one operation at a time: accesses, stores to its page tables, INVLPG,',
    'INVPCID, MOV to CR0, CR3 and CR4, EFER, SMM; registers that userspace replaces, memslots, dirty logging, reclaim by',
    'the host.',
  ].join(' '),
  commands: [
    {
      name: 'search',
      words: '',
      wordDocs: {},
      summary: 'every short sequence of operations, or random long ones',
      doc: [
        'Tries the operations in every order up to a depth. After each one, whatever the hardware could use must be what',
        'x86 paging allows, and lead to memory that is there. The shortest sequence that breaks this is printed. Exit',
        'code: 0 nothing found to the depth, 1 a policy is violated, 2 bad usage, 3 a bound was hit first.',
      ].join(' '),
      flags: [
        'policy',
        'mmu',
        'world',
        'depth',
        'vcpus',
        'random',
        'seed',
        'strict',
        'steps',
        'json',
        'maxTime',
      ],
      examples: [
        ['fencepost mmu search --policy c13', 'a historic bug with its shortest sequence'],
        [
          'fencepost mmu search --policy v7.1,root-cache/need_sync --depth 3',
          'two ways to keep roots, compared',
        ],
        ['fencepost mmu search --mmu tdp --depth 20 --max-time 10m', 'as deep as ten minutes reach'],
        ['fencepost mmu search --random 1000 --depth 200 --seed 7', 'long random sequences'],
      ],
      run: mmuSearch,
    },
    {
      name: 'mutants',
      words: '',
      wordDocs: {},
      summary: 'the search with one step of KVM left out or altered at a time',
      doc: [
        'Leaves out or alters each step that a policy passes, and searches the worlds that pass it, the short sequences of',
        'all before the long ones of the first, until one is violated. Prints where each mutant is caught, and why the',
        'others are not. A mutant takes a minute at most, or --max-time. Exit code: 0 every mutant is caught or explained,',
        '1 one is neither, 2 bad usage, 3 a search was stopped by its bound.',
      ].join(' '),
      flags: ['policy', 'mmu', 'world', 'depth', 'vcpus', 'faultAt', 'json', 'maxTime'],
      flagDocs: {
        policy: 'kernel version or policy; NAME+SITE=OPTION changes one',
        maxTime:
          'stop each mutant after this time (500ms, 30s, 5m; a bare number means seconds); a minute without it',
      },
      examples: [
        ['fencepost mmu mutants --max-time 60s', 'which faults of single steps the search catches'],
        ['fencepost mmu mutants --mmu tdp --fault-at tdp_mmu_map', 'those of some functions'],
      ],
      run: mmuMutants,
    },
    {
      name: 'cost',
      words: '',
      wordDocs: {},
      summary: 'events of a workload, and the times of two mails predicted from their base rows',
      doc: [
        'Counts what KVM does in one turn of the benchmarks of mails 000 and 004, fits the cost of each event on the figures',
        'before the patch, and predicts those after it. Exit code: 0.',
      ].join(' '),
      flags: ['json'],
      examples: [['fencepost mmu cost', 'what the mails measured beside what is predicted']],
      run: mmuCost,
    },
    {
      name: 'list',
      words: '[WORD...]',
      wordDocs: { WORD: 'only what has all of these in its name or text' },
      summary: 'policies and worlds that can be named',
      doc: 'Lists the policies with what they choose, and the worlds of each MMU.',
      flags: ['json'],
      examples: [
        ['fencepost mmu list', 'every policy and every world'],
        ['fencepost mmu list root-cache', 'those that have to do with the root cache'],
      ],
      run: mmuList,
    },
  ],
  examples: [
    ['fencepost mmu search --policy c13', 'a historic bug with its shortest sequence'],
    ['fencepost mmu list root-cache', 'policies and worlds that can be named'],
  ],
};
