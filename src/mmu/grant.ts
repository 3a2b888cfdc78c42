/**
 * What a page-table entry grants: a frame and the rights to it. Shadow entries must grant no more than
 * the guest entries that they shadow (DESIGN.md 6, KVM-MMU.md D5).
 */
import { beyond, type AccessKind } from './access.ts';
import { gpteEffectiveAccess, gpteFrame } from './guest-pte.ts';
import type { ShadowPage } from './shadow-page.ts';
import { isLastSpte, isShadowPresentPte, spteAccess, sptePfn } from './spte.ts';

export interface Grant {
  readonly frame: number;
  readonly access: number;
}

/** What a guest entry grants on a path that has the inherited rights; undefined: nothing. */
export function guestGrant(gpte: number, level: number, inherited: number): Grant | undefined {
  const access = gpteEffectiveAccess(gpte, level);
  return access === undefined ? undefined : { frame: gpteFrame(gpte), access: access & inherited };
}

/**
 * What a present SPTE of a page grants: a leaf its frame (guest frames and host frames have the same
 * numbers here), a non-leaf the table behind the child with the rights in the child's role.
 */
export function shadowGrant(
  spte: number,
  page: ShadowPage,
  child: ShadowPage | undefined,
): Grant | undefined {
  if (!isShadowPresentPte(spte)) return undefined;
  if (isLastSpte(page.role.level)) {
    return { frame: sptePfn(spte), access: spteAccess(spte) & page.role.access };
  }
  return child === undefined ? undefined : { frame: child.gfn, access: child.role.access };
}

/** How the first grant exceeds the second: another frame, or kinds of access; undefined: it does not. */
export function excess(
  granted: Grant | undefined,
  allowed: Grant | undefined,
): 'frame' | readonly AccessKind[] | undefined {
  if (granted === undefined) return undefined;
  if (allowed === undefined || granted.frame !== allowed.frame) return 'frame';
  const kinds = beyond(granted.access, allowed.access);
  return kinds.length === 0 ? undefined : kinds;
}

export function grantsNoMore(granted: Grant | undefined, allowed: Grant | undefined): boolean {
  return excess(granted, allowed) === undefined;
}
