import { Memory, type Scenario } from 'fencepost';
import { createVcpu, emptyVcpuArray, getVcpu } from '../../models/entry/online-vcpus.ts';
import { countFirst, noCreateFence, noLookupFence } from '../../models/proposals/online-vcpus.ts';
import { versions, VERSIONS } from '../../models/proposals/versions/index.ts';
import { createVcpuFence, createVcpuOrder, getVcpuFence } from '../../models/sites/online-vcpus.ts';
import { EVERYWHERE, SAFE, WEAK } from '../verdicts.ts';

export const createVsLookup: Scenario = {
  name: 'create-vs-lookup',
  question: 'Can a vCPU be counted in kvm->online_vcpus before its pointer can be read?',
  doc: 'CPU0 creates a vCPU. CPU1 looks up the first vCPU without a lock, where one is online.',
  sources: ['KVM-MMU.md P37, F2'],
  sites: [createVcpuOrder, createVcpuFence, getVcpuFence],
  proposals: [...VERSIONS.map((name) => versions[name]), noCreateFence, noLookupFence, countFirst],
  protocols: ['P37'],
  mutants: ['v7.1/no-create-vcpu-fence', 'v7.1/no-get-vcpu-fence', 'v7.1/count-first'],
  equivalents: ['v7.1/no-create-vcpu-fence', 'v7.1/no-get-vcpu-fence'],
  expectations: [
    {
      proposals: [...VERSIONS],
      verdicts: SAFE,
      because: 'P37: message passing, with smp_wmb() on one side and smp_rmb() on the other',
    },
    {
      proposals: ['v7.1/no-create-vcpu-fence', 'v7.1/no-get-vcpu-fence'],
      verdicts: WEAK,
      because: 'P37: x86 keeps stores and loads in order, so both are equivalent mutants there (G4)',
    },
    {
      proposals: ['v7.1/count-first'],
      verdicts: EVERYWHERE,
      because: 'P37: no fence helps when the count promises a pointer that is still to be stored',
    },
  ],
  world() {
    const memory = new Memory();
    const array = emptyVcpuArray(memory);
    return {
      memory,
      threads: [
        { name: 'CPU0 (KVM_CREATE_VCPU)', body: () => createVcpu(array) },
        { name: 'CPU1 (kvm_get_vcpu)', body: () => getVcpu(array) },
      ],
      properties: [],
    };
  },
};
