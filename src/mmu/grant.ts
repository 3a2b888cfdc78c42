/**
 * What a page-table entry grants: a frame and the rights to it. Shadow entries must grant no more than
 * the guest entries that they shadow (DESIGN.md 6, KVM-MMU.md D5).
 */
import { ACC_USER_MASK, ACC_WRITE_MASK, ACCESS_KINDS, permits, type AccessKind } from './access.ts';
import { gpteEffectiveAccess, gpteFrame, isLargeGpte } from './guest-pte.ts';
import type { ShadowPage, ShadowPageRole } from './shadow-page.ts';
import { isLeafSpte, isShadowPresentPte, spteAccess, sptePfn } from './spte.ts';

export interface Grant {
  readonly frame: number;
  readonly access: number;
}

/**
 * What a guest entry grants on a path that has the inherited rights; undefined: nothing. `offset` is where in a
 * large page the SPTE begins, when it stands for a part of it.
 */
export function guestGrant(gpte: number, level: number, inherited: number, offset = 0): Grant | undefined {
  const access = gpteEffectiveAccess(gpte, level);
  if (access === undefined) return undefined;
  const frame = gpteFrame(gpte) + (isLargeGpte(gpte, level) ? offset : 0);
  return { frame, access: access & inherited };
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
  if (isLeafSpte(spte, page.role.level)) {
    return { frame: sptePfn(spte), access: spteAccess(spte) & page.role.access };
  }
  return child === undefined ? undefined : { frame: child.gfn, access: child.role.access };
}

/** The bits of a page's role under which the guest's rights are to be read. */
type RightsRole = Pick<ShadowPageRole, 'cr0Wp' | 'smepAndnotWp'>;

const WRITE_PROTECTING: RightsRole = { cr0Wp: true };

/**
 * How the first grant exceeds the second: another frame, or kinds of access; undefined: it does not. The
 * hardware reads SPTEs with CR0.WP set; the guest may have cleared it, and then a supervisor may write
 * everything, but under SMEP not execute what is the user's.
 */
export function excess(
  granted: Grant | undefined,
  allowed: Grant | undefined,
  role: RightsRole = WRITE_PROTECTING,
): 'frame' | readonly AccessKind[] | undefined {
  if (granted === undefined) return undefined;
  if (allowed === undefined || granted.frame !== allowed.frame) return 'frame';
  const kinds = ACCESS_KINDS.filter(
    (kind) =>
      permits(granted.access, kind) &&
      !smepForbids(granted.access, kind, role) &&
      !guestPermits(allowed.access, kind, role),
  );
  return kinds.length === 0 ? undefined : kinds;
}

function guestPermits(access: number, kind: AccessKind, role: RightsRole): boolean {
  const isSupervisor = (kind.needs & ACC_USER_MASK) === 0;
  if (!isSupervisor || role.cr0Wp === true) return permits(access, kind);
  return permits(access | ACC_WRITE_MASK, kind) && !smepForbids(access, kind, role);
}

/** With WP set SMEP is not asked about: what the user may reach is the same in the SPTE and in the guest's entry. */
function smepForbids(access: number, kind: AccessKind, { smepAndnotWp }: RightsRole): boolean {
  return smepAndnotWp === true && kind.name === 'supervisor fetch' && (access & ACC_USER_MASK) !== 0;
}

export function grantsNoMore(
  granted: Grant | undefined,
  allowed: Grant | undefined,
  role?: RightsRole,
): boolean {
  return excess(granted, allowed, role) === undefined;
}
