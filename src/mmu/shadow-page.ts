/** A place in a shadow page: one SPTE. */
export interface SpteRef {
  page: number;
  index: number;
}

/**
 * What must be equal for a shadow page to be reused (KVM-MMU.md A1.2). `invalid` is missing: it is read
 * without mmu_lock, so it is a memory location.
 */
export interface ShadowPageRole {
  level: number;
  /** Rights along the path to this table. */
  access: number;
  /** Maps guest frames directly; there is no guest table behind it. */
  direct: boolean;
  /** A root above the guest's top table: it has no guest entries of its own. */
  passthrough: boolean;
  /** Shadows what L1 made for L2: such pages are zapped with their last parent. */
  guestMode: boolean;
}

/** The parts of `struct kvm_mmu_page` that only holders of mmu_lock see. */
export interface ShadowPage {
  id: number;
  gfn: number;
  role: ShadowPageRole;
  rootCount: number;
  /** `sp->parent_ptes` */
  parents: SpteRef[];
}

/** `sp_has_gptes()`: only such pages are counted and write-track their table. */
export function hasGptes({ role }: Pick<ShadowPage, 'role'>): boolean {
  return !role.direct && !role.passthrough;
}

export function sameRole(a: ShadowPageRole, b: ShadowPageRole): boolean {
  return (
    a.level === b.level &&
    a.access === b.access &&
    a.direct === b.direct &&
    a.passthrough === b.passthrough &&
    a.guestMode === b.guestMode
  );
}

/** `kvm_mmu_child_role()`: a child shadows a guest table even below a passthrough root. */
export function childRole(parent: ShadowPageRole, direct: boolean, access: number): ShadowPageRole {
  return { ...parent, level: parent.level - 1, access, direct, passthrough: false };
}

export function sameSpte(a: SpteRef, b: SpteRef): boolean {
  return a.page === b.page && a.index === b.index;
}
