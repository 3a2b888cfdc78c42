/**
 * What KVM keeps for itself must be in step after every operation: nothing leads to a page that was freed, and counts
 * are those of what there is. A guest may see it late or never when they are not; here it shows at once.
 */
import {
  guardedBy,
  wordAt,
  type Concrete,
  type Final,
  type Location,
  type Property,
  type Violation,
} from 'fencepost';
import {
  findPage,
  isLeafSpte,
  isShadowPresentPte,
  isTdpMmuPage,
  isValidRoot,
  PG_LEVEL_4K,
  sameSpte,
  spteChild,
} from 'fencepost/mmu';
import type { Kvm } from '../../vm/kvm.ts';
import { countsBalanced } from '../../properties/counts-balanced.ts';
import { noObsoletePage } from '../../properties/no-obsolete-page.ts';
import { rmapConsistent } from '../../properties/rmap-consistent.ts';
import { tablesProtected } from '../../properties/tables-protected.ts';
import { unsyncReachable } from '../../properties/unsync-reachable.ts';
import type { VcpuArch } from '../../vm/vcpu.ts';
import { spteAt } from '../hardware/hardware.ts';

/** Reads words; everything else of the state is given. */
type Word = (location: Location) => number;

export function ownStateProperties(kvm: Kvm): readonly Property[] {
  return [countsBalanced, rmapConsistent, tablesProtected, unsyncReachable, noObsoletePage].map((property) =>
    property(kvm),
  );
}

/** The state as a property asks for it. */
function finalOf(concrete: Concrete, word: Word): Final {
  return {
    value: word,
    state: (lock) => guardedBy(concrete, lock),
    writer: () => undefined,
    execution: () => {
      throw new Error('a run on concrete state has no execution');
    },
  };
}

/** Undefined: everything is in step. */
export function ownViolation(
  kvm: Kvm,
  concrete: Concrete,
  archs: readonly VcpuArch[],
  properties: readonly Property[],
  word: Word = (location) => wordAt(concrete, location),
): Violation | undefined {
  const problem = brokenLink(kvm, concrete, word) ?? brokenRoot(kvm, concrete, archs, word);
  if (problem !== undefined) return problem;
  const final = finalOf(concrete, word);
  for (const property of properties) {
    const message = property.check(final);
    if (message !== undefined) return { property: property.name, message };
  }
  return undefined;
}

/**
 * No vCPU that runs the guest keeps a root that was zapped or is of an old generation: whoever made it obsolete has
 * waited for the request to free it (KVM-MMU.md P12, P13; G3, I7).
 */
export function obsoleteRoot(
  kvm: Kvm,
  concrete: Concrete,
  vcpu: number,
  arch: VcpuArch,
): Violation | undefined {
  const { pages } = guardedBy(concrete, kvm.mmuLock);
  const generation = wordAt(concrete, kvm.mmuValidGen);
  const isObsolete = (id: number): boolean =>
    wordAt(concrete, kvm.roleInvalid(id)) !== 0 || wordAt(concrete, kvm.spMmuValidGen(id)) !== generation;
  const root = rootsOf(arch).find((id) => pages.some((page) => page.id === id) && isObsolete(id));
  if (root === undefined) return undefined;
  return {
    property: 'no-obsolete-root',
    message: `vCPU ${vcpu} keeps the root sp${root}, which is obsolete`,
  };
}

/** Shadow pages behind the roots of a vCPU, current and previous, of both MMUs. */
export function rootsOf({ root_mmu, guest_mmu }: VcpuArch): readonly number[] {
  return [root_mmu, guest_mmu].flatMap(({ cache, paeRoot }) => [
    ...cache.roots.filter(isValidRoot).map(({ hpa }) => hpa),
    ...paeRoot.filter((page) => page !== null),
  ]);
}

/** Links and the parents that children know are the same. */
function brokenLink(kvm: Kvm, concrete: Concrete, word: Word): Violation | undefined {
  const mmu = guardedBy(concrete, kvm.mmuLock);
  for (const { id, role } of mmu.pages) {
    if (role.level === PG_LEVEL_4K) continue;
    for (let index = 0; index < kvm.entries; index++) {
      const location = spteAt(kvm, id, index, role.level);
      const spte = word(location);
      if (!isShadowPresentPte(spte) || isLeafSpte(spte, role.level)) continue;
      const child = findPage(mmu, spteChild(spte));
      const where = `${location.name} points at sp${spteChild(spte)}`;
      if (child === undefined) return { property: 'no-use-after-free', message: `${where}, which was freed` };
      if (!child.parents.some((parent) => sameSpte(parent, { page: id, index }))) {
        return { property: 'parents-known', message: `${where}, which does not know of it` };
      }
    }
  }
  for (const { id, parents } of mmu.pages) {
    for (const { page, index } of parents) {
      const level = findPage(mmu, page)?.role.level;
      const spte = level === undefined ? 0 : word(spteAt(kvm, page, index, level));
      const isLink = isShadowPresentPte(spte) && !isLeafSpte(spte, level ?? 0);
      if (isLink && spteChild(spte) === id) continue;
      return {
        property: 'parents-known',
        message: `sp${id} has a parent in sp${page} that does not point at it`,
      };
    }
  }
  return undefined;
}

/** Each page is counted as a root as often as vCPUs have it, and a zapped one without users is freed. */
function brokenRoot(
  kvm: Kvm,
  concrete: Concrete,
  archs: readonly VcpuArch[],
  word: Word,
): Violation | undefined {
  const mmu = guardedBy(concrete, kvm.mmuLock);
  const roots = archs.flatMap(rootsOf);
  const freed = roots.find((root) => root >= 0 && !isTdpMmuPage(root) && findPage(mmu, root) === undefined);
  if (freed !== undefined) {
    return { property: 'no-use-after-free', message: `a vCPU keeps the root sp${freed}, which was freed` };
  }
  for (const { id, rootCount } of mmu.pages) {
    const users = roots.filter((root) => root === id).length;
    if (rootCount !== users) {
      return {
        property: 'counts-balanced',
        message: `sp${id} counts ${rootCount} users as a root and has ${users}`,
      };
    }
    if (users === 0 && word(kvm.roleInvalid(id)) !== 0) {
      return { property: 'counts-balanced', message: `sp${id} was zapped, has no users, and is not freed` };
    }
  }
  return undefined;
}
