import { Memory, type Scenario } from 'fencepost';
import * as proposals from '../../models/proposals/small-protocols.ts';
import { versions, VERSIONS } from '../../models/proposals/versions/index.ts';
import { emulateAcrossPreemption, flushAndReuse, pvFlush } from '../../models/entry/pv-flush.ts';
import { preemptedPlace, preemptedTake } from '../../models/sites/small-protocols.ts';
import { EVERYWHERE, SAFE } from '../verdicts.ts';

const FIXED = VERSIONS.filter((name) => name !== 'v5.14');

export const flushVsEmulation: Scenario = {
  name: 'flush-vs-emulation',
  question: 'Can the guest leave a TLB flush to the host while the host is in the middle of an instruction?',
  doc:
    'On CPU0 the host emulates an instruction of vCPU0, which is scheduled out in between; the translation was made ' +
    'before. On CPU1 the guest changes the guest PTE, flushes vCPU0 - leaving that to the host if vCPU0 is ' +
    'reported as preempted - and gives the old page to somebody else.',
  sources: ['KVM-MMU.md P42, C24', '6cd88243c7e0 (v5.19, stable v5.15)'],
  sites: [preemptedPlace, preemptedTake],
  proposals: [...VERSIONS.map((name) => versions[name]), proposals.preemptedAnywhere],
  protocols: ['P42'],
  bugs: [{ id: 'C24', buggy: 'v5.14', fixed: 'v5.15' }],
  mutants: ['v7.1/preempted-anywhere'],
  expectations: [
    {
      proposals: ['v5.14', 'v7.1/preempted-anywhere'],
      verdicts: EVERYWHERE,
      because: 'C24: the host flushes the TLB, but goes on with a translation that it holds in the emulator',
    },
    {
      proposals: FIXED,
      verdicts: SAFE,
      because:
        '6cd88243c7e0: in the middle of an instruction the vCPU is not reported as preempted, so the guest waits for it',
    },
  ],
  world() {
    const memory = new Memory();
    const vm = pvFlush(memory);
    return {
      memory,
      threads: [
        { name: 'CPU0 (host, vCPU0)', body: () => emulateAcrossPreemption(vm) },
        { name: 'CPU1 (guest, vCPU1)', body: () => flushAndReuse(vm) },
      ],
      properties: [],
    };
  },
};
