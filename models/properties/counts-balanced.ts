import type { Final, Location, Property } from 'fencepost';
import { hasGptes, PG_LEVEL_4K, type ShadowPage } from 'fencepost/mmu';
import type { Kvm } from '../vm/kvm.ts';

/**
 * `counts-balanced` (KVM-MMU.md G3, I5): with mmu_lock free, `indirect_shadow_pages` is the number of valid
 * pages that shadow a guest table, and each such table above the leaf level is write-tracked once per page.
 */
export function countsBalanced(kvm: Kvm): Property {
  return {
    name: 'counts-balanced',
    doc: 'indirect_shadow_pages and gfn_write_track agree with the shadow pages that exist',
    check(final) {
      const { pages } = final.state(kvm.mmuLock);
      const valid = pages.filter((page) => hasGptes(page) && final.value(kvm.roleInvalid(page.id)) === 0);
      const count = final.value(kvm.indirectShadowPages);
      if (count !== valid.length) {
        return `indirect_shadow_pages is ${count}, but ${valid.length} guest tables are shadowed`;
      }
      const tables = new Set([...trackedBy(pages), ...kvm.startTracked]);
      for (const gfn of tables) {
        const track = kvm.gfnWriteTrack(gfn);
        const expected = trackedBy(valid).filter((tracked) => tracked === gfn).length;
        if (final.value(track) !== expected) {
          return `${track.name} is ${final.value(track)}, but ${expected} shadow pages need it`;
        }
      }
      return kvm.hugePages ? unbalancedLpage(kvm, final, valid) : undefined;
    },
  };
}

/** Every table that is shadowed keeps huge pages away from the frames around it. */
function unbalancedLpage(kvm: Kvm, final: Final, valid: readonly ShadowPage[]): string | undefined {
  const counted = new Map<Location, number>();
  for (const { gfn } of valid) {
    const disallow = kvm.disallowLpage(gfn);
    counted.set(disallow, (counted.get(disallow) ?? 0) + 1);
  }
  for (const [disallow, tables] of counted) {
    const count = final.value(disallow);
    if (count !== tables) return `${disallow.name} is ${count}, but ${tables} shadowed tables lie inside`;
  }
  return undefined;
}

/** The frames that the pages write-track, one mention for each page. */
function trackedBy(pages: readonly ShadowPage[]): number[] {
  return pages.filter((page) => hasGptes(page) && page.role.level > PG_LEVEL_4K).map(({ gfn }) => gfn);
}
