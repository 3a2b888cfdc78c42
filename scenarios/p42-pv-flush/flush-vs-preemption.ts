import { Memory, type Scenario } from 'fencepost';
import { flushAndReuse, pvFlush, runAcrossPreemption } from '../../models/entry/pv-flush.ts';
import * as proposals from '../../models/proposals/small-protocols.ts';
import { versions, VERSIONS } from '../../models/proposals/versions/index.ts';
import { preemptedFlush, preemptedTake } from '../../models/sites/small-protocols.ts';
import { EVERYWHERE, SAFE } from '../verdicts.ts';

const { preemptedNotAtomic, preemptedFlushEarly, preemptedNotFlushed } = proposals;

export const flushVsPreemption: Scenario = {
  name: 'flush-vs-preemption',
  question: 'Is a TLB flush that the guest leaves to the host done before the vCPU runs again?',
  doc:
    'On CPU0 vCPU0 is scheduled out between two instructions, with the old translation in its TLB, and in again. On CPU1 the ' +
    'guest changes the guest PTE, flushes vCPU0 - leaving that to the host while vCPU0 is reported as preempted, and by an ' +
    'interrupt if not - and gives the old page to somebody else.',
  sources: ['KVM-MMU.md P42'],
  sites: [preemptedFlush, preemptedTake],
  proposals: [
    ...VERSIONS.map((name) => versions[name]),
    preemptedNotAtomic,
    preemptedFlushEarly,
    preemptedNotFlushed,
  ],
  protocols: ['P42'],
  mutants: [preemptedNotAtomic.name, preemptedFlushEarly.name, preemptedNotFlushed.name],
  expectations: [
    {
      proposals: [...VERSIONS],
      verdicts: SAFE,
      because:
        "P42: the guest's cmpxchg and the host's xchg exclude each other: either the host finds the flag, or the guest finds the vCPU running",
    },
    {
      proposals: [preemptedNotAtomic.name, preemptedFlushEarly.name],
      verdicts: EVERYWHERE,
      because: 'P42: the guest leaves its flush between the read of the flags and the store that clears them',
    },
    {
      proposals: [preemptedNotFlushed.name],
      verdicts: EVERYWHERE,
      because: 'P42: the guest has been told that the host will flush',
    },
  ],
  world() {
    const memory = new Memory();
    const vm = pvFlush(memory);
    return {
      memory,
      threads: [
        { name: 'CPU0 (host, vCPU0)', body: () => runAcrossPreemption(vm) },
        { name: 'CPU1 (guest, vCPU1)', body: () => flushAndReuse(vm) },
      ],
      properties: [],
    };
  },
};
