/**
 * INVLPG that makes a new SPTE at once, against an emulated write (KVM-MMU.md C31). Both are cut down to the guest
 * PTE, the SPTE and what orders them: in the old MMU a write installed the SPTE of its value, too.
 */
import {
  add,
  branch,
  call,
  choice,
  Mark,
  readOnce,
  readPlain,
  writeLock,
  writeOnce,
  writeUnlock,
  type Location,
  type Read,
  type Steps,
} from 'fencepost';
import type { Kvm } from '../vm/kvm.ts';
import { invlpgRead } from '../sites/guest-pte-update.ts';

export interface PrefetchedPte {
  readonly kvm: Kvm;
  readonly gpte: Location;
  /** The guest PTE that the SPTE was made from. */
  readonly sptep: Location;
  readonly invlpgCounter: Location;
}

/** `kvm_mmu_invlpg()` */
export function* invlpgPrefetch(pte: PrefetchedPte): Steps {
  yield* call('kvm_mmu_invlpg', prefetch(pte));
}

function* prefetch({ kvm, gpte, sptep, invlpgCounter }: PrefetchedPte): Steps {
  const how = yield* choice(invlpgRead);
  const counts = how === 'before, with invlpg_counter';
  const counter = counts
    ? yield* readOnce(invlpgCounter, { text: 'atomic_read(&invlpg_counter)' })
    : undefined;
  const before = how === 'under mmu_lock' ? undefined : yield* readOnce(gpte);
  yield* writeLock(kvm.mmuLock);
  const read = before ?? (yield* readOnce(gpte));
  if (!(yield* isOutdated(invlpgCounter, counter))) yield* writeOnce(sptep, read.value, { data: [read] });
  yield* writeUnlock(kvm.mmuLock);
}

function* isOutdated(invlpgCounter: Location, counter: Read | undefined): Steps<boolean> {
  if (counter === undefined) return false;
  const now = yield* readPlain(invlpgCounter);
  return (yield* branch(now, counter)) !== counter.value;
}

/** An emulated write: guest memory, then the SPTE of what stands there, under mmu_lock. */
export function* writeAndInstall({ kvm, gpte, sptep, invlpgCounter }: PrefetchedPte, value: number): Steps {
  yield* writeOnce(gpte, value, { text: `__copy_to_user(${gpte.name})` });
  yield* call(
    'kvm_mmu_pte_write',
    (function* () {
      yield* writeLock(kvm.mmuLock);
      yield* add(invlpgCounter, 1, Mark.Once, { text: 'invlpg_counter++' });
      const read = yield* readOnce(gpte);
      yield* writeOnce(sptep, read.value, { data: [read] });
      yield* writeUnlock(kvm.mmuLock);
    })(),
  );
}
