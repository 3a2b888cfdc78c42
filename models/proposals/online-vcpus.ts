/** Mutations of how a vCPU is published (KVM-MMU.md G4; P37). */
import { createVcpuFence, createVcpuOrder, getVcpuFence } from '../sites/online-vcpus.ts';
import { derive } from './derive.ts';
import { versions } from './versions/index.ts';

export const noCreateFence = derive(
  versions['v7.1'],
  'v7.1/no-create-vcpu-fence',
  'without smp_wmb() before online_vcpus is raised',
  [createVcpuFence, 'none'],
);

export const noLookupFence = derive(
  versions['v7.1'],
  'v7.1/no-get-vcpu-fence',
  'without smp_rmb() before the vCPU is looked up',
  [getVcpuFence, 'none'],
);

export const countFirst = derive(
  versions['v7.1'],
  'v7.1/count-first',
  'the count is raised before the pointer of the new vCPU is stored',
  [createVcpuOrder, 'count first'],
);
