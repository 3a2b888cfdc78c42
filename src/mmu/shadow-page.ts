/** A place in a shadow page: one SPTE. */
export interface SpteRef {
  page: number;
  index: number;
}

/**
 * What must be equal for a shadow page to be reused: `union kvm_mmu_page_role` (KVM-MMU.md A1.2). `invalid` is
 * missing: it is read without mmu_lock, so it is a memory location. An optional bit that is absent is clear.
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
  /** The guest table has 4-byte entries: twice as many as a shadow page. */
  has4ByteGpte?: boolean;
  /** Which part of such a table this page shadows. */
  quadrant?: number;
  /** Bit 63 of an entry is XD. */
  eferNx?: boolean;
  /** A supervisor may not write what is read-only. */
  cr0Wp?: boolean;
  /** CR0.WP is clear, and a page that a supervisor may write for that must not become one that it may execute. */
  smepAndnotWp?: boolean;
  /** The same for a page that SMAP keeps from the supervisor. */
  smapAndnotWp?: boolean;
  /** The tables have no accessed and dirty bits. */
  adDisabled?: boolean;
  /** In system management mode: another set of memslots. */
  smm?: boolean;
  /** Entries of a page directory may be large pages; no kernel has this bit, a repair does. */
  cr4Pse?: boolean;
}

/** What the guest maps through an entry, as the walk found it: a frame, and the rights of the whole path. */
export interface Translation {
  gfn: number;
  access: number;
}

/** The parts of `struct kvm_mmu_page` that only holders of mmu_lock see. */
export interface ShadowPage {
  id: number;
  gfn: number;
  role: ShadowPageRole;
  rootCount: number;
  /** `sp->parent_ptes` */
  parents: SpteRef[];
  /** `sp->shadowed_translation` (`sp->gfns` before v5.19), by index; direct pages have none. */
  translations: Record<number, Translation>;
}

/** `sp_has_gptes()`: only such pages are counted and write-track their table. */
export function hasGptes({ role }: Pick<ShadowPage, 'role'>): boolean {
  return !role.direct && !role.passthrough;
}

/** Whether the role words are equal. */
export function sameRole(a: ShadowPageRole, b: ShadowPageRole): boolean {
  return (
    a.level === b.level &&
    a.access === b.access &&
    (a.quadrant ?? 0) === (b.quadrant ?? 0) &&
    ROLE_BITS.every((bit) => (a[bit] ?? false) === (b[bit] ?? false))
  );
}

/** The role as one word, never 0; equal words are equal roles. */
export function roleWord(role: ShadowPageRole): number {
  const numbers = role.level | (role.access << 3) | ((role.quadrant ?? 0) << 6);
  return ROLE_BITS.reduce((word, bit, i) => word | (role[bit] === true ? 1 << (8 + i) : 0), numbers);
}

const ROLE_BITS = [
  'direct',
  'passthrough',
  'guestMode',
  'has4ByteGpte',
  'eferNx',
  'cr0Wp',
  'smepAndnotWp',
  'smapAndnotWp',
  'adDisabled',
  'smm',
  'cr4Pse',
] as const;

/**
 * `kvm_mmu_child_role()` of the child at an entry: it shadows a guest table even below a passthrough root; of
 * a page table with 4-byte entries it shadows the half that the entry stands for.
 */
export function childRole(
  parent: ShadowPageRole,
  direct: boolean,
  access: number,
  index = 0,
): ShadowPageRole {
  const role = { ...parent, level: parent.level - 1, access, direct, passthrough: false };
  return parent.has4ByteGpte === true ? { ...role, quadrant: index % 2 } : role;
}

export function sameSpte(a: SpteRef, b: SpteRef): boolean {
  return a.page === b.page && a.index === b.index;
}
