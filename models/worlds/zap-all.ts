/** Worlds in which all shadow pages become obsolete while a vCPU has roots of its own (KVM-MMU.md P12, P13). */
import { emptyRootCache, encodeGuestPte, type ShadowPage } from 'fencepost/mmu';
import { Kvm, type KvmStart, type Mechanism } from '../vm/kvm.ts';
import { SMALL_SHADOW_HOST, vcpuArch } from '../vm/vcpu.ts';
import { ORDINARY_ROOT } from './page-directory.ts';

const ABSENT: readonly Mechanism[] = ['unsync', 'write flooding', 'prefetch', 'reschedule'];
/** The page directory of the current root. */
export const CURRENT_PGD = 1;
const GPT = 2;
const DATA = 3;

export const CURRENT_ROOT = 0;
/** The other page directory, and its root. */
export const PREVIOUS_PGD = 4;
export const PREVIOUS_ROOT = 1;

const guestPages = [
  { gfn: CURRENT_PGD, name: 'gpd', entries: { 0: encodeGuestPte({ frame: GPT }) } },
  { gfn: GPT, name: 'gpt', entries: { 0: encodeGuestPte({ frame: DATA, writable: false }) } },
  { gfn: DATA, name: 'data' },
  { gfn: PREVIOUS_PGD, name: 'gpd_b' },
];

/** One vCPU with a root, and another in prev_roots where asked for; nothing below is mapped yet. */
export function loadedRoots(withPrevious: boolean, start: Partial<KvmStart> = {}): Kvm {
  const arch = vcpuArch(SMALL_SHADOW_HOST);
  const role = ORDINARY_ROOT;
  const frames = withPrevious ? [CURRENT_PGD, PREVIOUS_PGD] : [CURRENT_PGD];
  const pages: ShadowPage[] = frames.map((gfn, id) => ({
    id,
    gfn,
    role,
    rootCount: 1,
    parents: [],
    translations: {},
  }));
  const cache = emptyRootCache();
  frames.forEach((frame, id) => {
    cache.roots[id] = { pgd: frame << 12, hpa: id, role };
  });
  arch.root_mmu = { ...arch.root_mmu, rootRole: role, cache };
  arch.hardwareRoot = CURRENT_ROOT;
  return new Kvm({
    vcpus: 1,
    guestPages,
    guestRoot: CURRENT_PGD,
    shadow: { pages, nextPage: pages.length, rmap: {} },
    indirectShadowPages: pages.length,
    writeTrack: Object.fromEntries(frames.map((gfn) => [gfn, 1])),
    without: ABSENT,
    entries: 1,
    arch,
    ...start,
  });
}

/** One vCPU with a root, and another that writes the page directory; writes in a row tell that it is none any more. */
export function floodableRoot(): Kvm {
  const without = ABSENT.filter((mechanism) => mechanism !== 'write flooding');
  return loadedRoots(false, { vcpus: 2, without });
}
