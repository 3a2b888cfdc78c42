/** A vCPU whose MOV CR3 found no cached root, so that all it has is a previous one (KVM-MMU.md A10, C12). */
import { emptyRootCache, PAGE_SHIFT, PREVIOUS, type ShadowPage } from 'fencepost/mmu';
import { REGISTERS_AT_RESET } from 'fencepost/x86';
import { Kvm, type Mechanism } from '../vm/kvm.ts';
import { SMALL_SHADOW_HOST, vcpuArch } from '../vm/vcpu.ts';
import { ORDINARY_ROOT } from './page-directory.ts';

const NEW_PGD_FRAME = 1;
const CACHED_PGD_FRAME = 2;
/** What CR3 holds for the cached root, and the shadow page behind it. */
export const CACHED_PGD = CACHED_PGD_FRAME << PAGE_SHIFT;
export const CACHED_ROOT = 0;

const ABSENT: readonly Mechanism[] = ['unsync', 'write flooding', 'prefetch'];

/** `breaks`: a zap may let others have mmu_lock in between. */
export function onlyPreviousRoot({ breaks = false } = {}): Kvm {
  const role = ORDINARY_ROOT;
  const root: ShadowPage = {
    id: CACHED_ROOT,
    gfn: CACHED_PGD_FRAME,
    role,
    rootCount: 1,
    parents: [],
    translations: {},
  };
  const arch = vcpuArch(SMALL_SHADOW_HOST, { ...REGISTERS_AT_RESET, cr3: NEW_PGD_FRAME << PAGE_SHIFT });
  const cache = emptyRootCache();
  cache.roots[PREVIOUS[0]] = { pgd: CACHED_PGD, hpa: CACHED_ROOT, role };
  arch.root_mmu = { ...arch.root_mmu, rootRole: role, cache };
  return new Kvm({
    vcpus: 1,
    guestPages: [
      { gfn: NEW_PGD_FRAME, name: 'gpd' },
      { gfn: CACHED_PGD_FRAME, name: 'gpd_b' },
    ],
    guestRoot: NEW_PGD_FRAME,
    shadow: { pages: [root], nextPage: 1, rmap: {} },
    indirectShadowPages: 1,
    writeTrack: { [CACHED_PGD_FRAME]: 1 },
    without: breaks ? ABSENT : [...ABSENT, 'reschedule'],
    entries: 1,
    arch,
  });
}
