/** A vCPU that is created, and others that look it up without a lock (KVM-MMU.md P37). */
import {
  branch,
  call,
  choice,
  fail,
  fenceAt,
  readOnce,
  writeOnce,
  type Location,
  type Memory,
  type Steps,
} from 'fencepost';
import { createVcpuFence, createVcpuOrder, getVcpuFence } from '../sites/online-vcpus.ts';

export interface VcpuArray {
  /** `kvm->online_vcpus` */
  readonly online: Location;
  /** The pointer in `kvm->vcpu_array`; 0: nobody has stored it. */
  readonly first: Location;
}

export function emptyVcpuArray(memory: Memory): VcpuArray {
  return { online: memory.location('kvm->online_vcpus'), first: memory.location('kvm->vcpu_array[0]') };
}

/** `kvm_vm_ioctl_create_vcpu()`, what others can see of it. */
export function createVcpu({ online, first }: VcpuArray): Steps {
  return call(
    'kvm_vm_ioctl_create_vcpu',
    (function* () {
      const isCountedFirst = (yield* choice(createVcpuOrder)) === 'count first';
      if (isCountedFirst) yield* raiseCount(online);
      yield* writeOnce(first, 1);
      yield* fenceAt(createVcpuFence);
      if (!isCountedFirst) yield* raiseCount(online);
    })(),
  );
}

/** Others that create a vCPU are kept out by kvm->lock. */
function raiseCount(online: Location): Steps {
  return writeOnce(online, 1, { text: 'atomic_inc(&kvm->online_vcpus)' });
}

/** `kvm_get_vcpu()` of a vCPU that is online: its pointer must be there. */
export function getVcpu({ online, first }: VcpuArray): Steps {
  return call(
    'kvm_get_vcpu',
    (function* () {
      const count = yield* readOnce(online, { text: 'atomic_read(&kvm->online_vcpus)' });
      if ((yield* branch(count)) === 0) return;
      yield* fenceAt(getVcpuFence);
      const vcpu = yield* readOnce(first);
      if ((yield* branch(vcpu)) === 0)
        yield* fail('published-complete', `${first.name} of a vCPU that is online is 0`);
    })(),
  );
}
