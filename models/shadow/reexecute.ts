/**
 * The heuristic reader of `indirect_shadow_pages`: after a failed emulation on a vCPU with a direct MMU,
 * reexecute_instruction() unprotects the frame if anything is shadowed at all, and lets the guest retry
 * (KVM-MMU.md A16, E3). Both false answers are allowed.
 */
import {
  branch,
  call,
  choice,
  readOnce,
  readPlain,
  smpMb,
  writeLock,
  writeUnlock,
  type Read,
  type Steps,
} from 'fencepost';
import type { Kvm, Vcpu } from '../vm/kvm.ts';
import { reexecuteRead as site } from '../sites/index.ts';
import { unprotectPage } from '../zap/zap.ts';

export function reexecuteInstruction({ kvm }: Vcpu, gfn: number): Steps {
  return call('reexecute_instruction', reexecute(kvm, gfn));
}

function* reexecute(kvm: Kvm, gfn: number): Steps {
  const pages = yield* readCount(kvm);
  if ((yield* branch(pages)) !== 0) yield* unprotectPage(kvm, gfn);
}

function* readCount({ indirectShadowPages: count, mmuLock }: Kvm): Steps<Read> {
  const plain = { site, text: 'indirect_shadow_pages' };
  switch (yield* choice(site)) {
    case 'locked': {
      yield* writeLock(mmuLock);
      const read = yield* readPlain(count, plain);
      yield* writeUnlock(mmuLock);
      return read;
    }
    case 'READ_ONCE':
      return yield* readOnce(count, { site, text: 'READ_ONCE(indirect_shadow_pages)' });
    case 'smp_mb+plain':
      yield* smpMb(site);
      return yield* readPlain(count, plain);
    case 'plain':
      return yield* readPlain(count, plain);
  }
}
