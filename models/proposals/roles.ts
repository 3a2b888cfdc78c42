/**
 * Policies that the mails 000, 001 and 004 discuss, implemented right, and the faults that they warn of
 * (KVM-MMU.md C12-C14, E0, E1, E4). Each differs from v7.1 in what it is about, and in nothing else.
 */
import type { Proposal } from 'fencepost';
import * as sites from '../sites/index.ts';
import { derive } from './derive.ts';
import { versions } from './versions/index.ts';

const v7_1 = versions['v7.1'];

// Root caches (mail 001).

export const needSyncRoots = derive(
  v7_1,
  'root-cache/need_sync',
  'need_sync in the root info (RFC of 2021-05-26): what a flush hits is flagged, and synchronised when used again',
  [sites.rootCache, 'need_sync'],
  [sites.inveptSingle, 'deferred sync and flush'],
);

export const unsyncRootsArray = derive(
  v7_1,
  'root-cache/unsync_roots',
  'unsync_roots[] beside prev_roots[], swapped along (answer of 2021-07-30); INVEPT defers sync and flush',
  [sites.rootCache, 'unsync_roots'],
  [sites.inveptSingle, 'deferred sync and flush'],
);

export const bit63Roots = derive(
  v7_1,
  'root-cache/bit-63',
  'cached_roots[4], and bit 63 of the pgd as «no sync asked for since the last» (mail of 2021-08-03)',
  [sites.rootCache, 'bit 63'],
  [sites.inveptSingle, 'deferred sync and flush'],
);

export const flagLostInRotation: readonly Proposal[] = [needSyncRoots, unsyncRootsArray, bit63Roots].map(
  (design) =>
    derive(design, `${design.name}/flag-lost`, 'the rotation moves the roots and leaves their flags behind', [
      sites.rootCacheRotation,
      'flags stay behind',
    ]),
);

export const flagNotServed = derive(
  needSyncRoots,
  'root-cache/need_sync/not-served',
  'a flagged root becomes current without a sync or a flush',
  [sites.rootCacheReuse, 'nothing'],
);

export const noflushInPgd = derive(
  bit63Roots,
  'root-cache/bit-63/noflush-in-pgd',
  'the NOFLUSH bit of MOV CR3 stays in the pgd, where the design reads it as «clean»',
  [sites.cr3NoflushBit, 'left in the pgd'],
);

// Flushes of a guest (C12, C13, C14).

export const c12 = derive(
  v7_1,
  'c12',
  'before cf4a8693d97a: the current root is looked at for each previous one',
  [sites.obsoletePrevRoots, 'the current root'],
);

export const c13 = derive(
  v7_1,
  'c13',
  'before 21823fbda552: MOV CR3 with a flush leaves other cached roots of the PCID alone',
  [sites.invalidatePcidPrevRoots, 'never'],
);

export const c14 = derive(
  v7_1,
  'c14',
  'before e45e9e3998f0: under TDP a PCID is invalidated as if roots held it',
  [sites.invalidatePcidTdp, 'as with shadow paging'],
);

/** A previous root in sync is as good as flushed only until one of its tables goes unsync, which no switch looks for. */
export const flushFreesPrevRoots = derive(
  v7_1,
  'flush-frees-prev-roots',
  'a guest TLB flush frees every previous root, not only those that are unsync at that moment',
  [sites.syncPrevRoots, 'all'],
);

/** What the sequential search finds nothing in. */
export const repaired = derive(
  flushFreesPrevRoots,
  'v7.1-repaired',
  'v7.1 with the repairs that the search asks for: of guest TLB flushes, of INVPCID of an address under TDP, of ' +
    'shadow pages that EFER.NX and CR4.PSE do not tell apart, of an error code of 32-bit guests, of writes in which SMAP ' +
    'and CR0.WP = 0 meet, of implicit accesses that SMAP keeps out, and of MMIO SPTEs that a sync marks anew',
  [sites.invpcidGvaTdp, 'KVM_REQ_TLB_FLUSH_GUEST'],
  [sites.shadowRoleNx, 'of the guest'],
  [sites.shadowRolePse, 'of the guest'],
  [sites.walkFetchBit, 'EFER.NX with CR4.PAE, or CR4.SMEP'],
  [sites.wpClearSmap, 'emulate'],
  [sites.implicitAccess, 'PFERR_IMPLICIT_ACCESS, or emulated if spurious'],
  [sites.syncMmioSpte, 'cleared if of another generation'],
);

export const roleWithoutNx = derive(
  repaired,
  'v7.1-repaired/role-without-nx',
  'shadow pages made while XD was a right are found again when EFER.NX has made it a reserved bit',
  [sites.shadowRoleNx, 'always set'],
);

export const roleWithoutPse = derive(
  repaired,
  'v7.1-repaired/role-without-pse',
  'shadow pages made of large pages are found again when CR4.PSE has made them tables',
  [sites.shadowRolePse, 'left out'],
);

export const fetchBitWithoutPae = derive(
  repaired,
  'v7.1-repaired/fetch-bit-without-pae',
  'a #PF of a 32-bit guest with EFER.NX tells that it was a fetch, which no processor does without CR4.PAE',
  [sites.walkFetchBit, 'EFER.NX or CR4.SMEP'],
);

export const implicitUnknown = derive(
  repaired,
  'v7.1-repaired/implicit-unknown',
  'a #PF for an implicit access to a user page finds its SPTE in order while EFLAGS.AC is set, again and again',
  [sites.implicitAccess, 'PFERR_IMPLICIT_ACCESS'],
);

export const smapLostByWp = derive(
  repaired,
  'v7.1-repaired/smap-lost-by-wp',
  'a user page that the supervisor has written with CR0.WP = 0 and EFLAGS.AC = 1 is no more kept from it by CR4.SMAP',
  [sites.wpClearSmap, 'map without U'],
);

// PAE roots.

export const pdptesChangeUnnoticed = derive(
  repaired,
  'v7.1-repaired/pdptes-change-unnoticed',
  'before 6b123c3a89a9: PDPTEs that MOV CR3 loads anew leave the pages behind the PAE root as they are',
  [sites.loadPdptrsRoot, 'keep'],
);

// CR0.WP (mail 000).

export const cr0WpUnload = derive(v7_1, 'cr0-wp/unload', 'before mail 000: a toggle of CR0.WP unloads', [
  sites.cr0WpToggle,
  'unload',
]);

export const cr0WpDirect = derive(
  v7_1,
  'cr0-wp/direct',
  'mail 000: kvm_init_mmu() alone where the root is direct',
  [sites.cr0WpToggle, 'kvm_init_mmu() if root_role.direct'],
);

/** The base row of mail 000's table: TDP MMU roots died with their last user then, which is why it was the slowest. */
export const mail000Base = derive(
  cr0WpUnload,
  'mail-000/queue',
  'kvm.git/queue of February 2023: a toggle of CR0.WP unloads, and unused TDP MMU roots are zapped',
  [sites.tdpRootLastPut, 'zap'],
);

export const mail000Patched = derive(
  cr0WpDirect,
  'mail-000/queue+patch',
  'the same with the patch of mail 000',
  [sites.tdpRootLastPut, 'zap'],
);

export const cr0WpPermissions = derive(
  v7_1,
  'cr0-wp/permissions',
  'the review of mail 000: permission bits alone',
  [sites.cr0WpToggle, 'permission bits if tdp_enabled'],
);

export const cr0WpGuestOwned = derive(
  v7_1,
  'cr0-wp/guest-owned',
  'fb509f76acc8 on VMX: the guest toggles CR0.WP without an exit, and checks of permissions take it over',
  [sites.cr0WpOwner, 'guest'],
);

export const cr0WpForShadow = derive(
  v7_1,
  'cr0-wp/for-shadow',
  'the short cut of mail 000 for every role: shadow pages made under the other CR0.WP stay',
  [sites.cr0WpToggle, 'kvm_init_mmu() for every role'],
);

export const cr0WpWithOthers = derive(
  v7_1,
  'cr0-wp/with-others',
  'a write that changes CR0.WP and CR0.PG takes the short cut',
  [sites.cr0WpTest, 'WP among others'],
);

export const cr0WpNotRefreshed = derive(
  cr0WpGuestOwned,
  'cr0-wp/not-refreshed',
  'the guest owns CR0.WP, and a check of permissions goes by the old one',
  [sites.refreshPassthroughBits, 'skip'],
);

// Changes of role (mail 004).

export const roleChangeNewPgd = derive(
  v7_1,
  'role-change/new_pgd',
  'patch 12/12 of mail 004: cached roots are found again, after SMM too, where nothing flushes for them; what flushes ' +
    'unloads, and MOV CR3 frees without PCIDs too',
  [sites.crRoleChange, 'init and new_pgd'],
  [sites.resetContext, 'init and new_pgd'],
  [sites.cr0PgClear, 'kvm_mmu_unload()'],
  [sites.cr4PcideClear, 'kvm_mmu_unload()'],
  [sites.cr4SmepSet, 'kvm_mmu_unload()'],
  [sites.cr4PaeToggle, 'kvm_mmu_unload()'],
  [sites.invalidatePcidPrevRoots, 'always'],
);

export const roleChangeUpdateRoot = derive(
  roleChangeNewPgd,
  'role-change/update-root',
  'v2 of mail 004: CR0 and CR4 ask for KVM_REQ_MMU_UPDATE_ROOT, everything else unloads',
  [sites.crRoleChange, 'init and KVM_REQ_MMU_UPDATE_ROOT'],
  [sites.resetContext, 'unload and init'],
);

export const pgClearFlushesCurrent = derive(
  roleChangeNewPgd,
  'role-change/pg-clear-flush-current',
  'CR0.PG 1 -> 0 keeps the roots, and only the current context is flushed',
  [sites.cr0PgClear, 'KVM_REQ_TLB_FLUSH_CURRENT'],
);

/** Nothing that was cached at CR0.PG 1 -> 0 is left, and nothing that was made without paging; what fails is the root. */
export const pgRootsKept = derive(
  roleChangeUpdateRoot,
  'role-change/pg-roots-kept',
  'CR0.PG 1 -> 0 flushes everything and keeps what is in sync: the roots miss what is written to tables without paging',
  [sites.cr0PgClear, 'KVM_REQ_TLB_FLUSH_GUEST'],
  [sites.cr0PgSet, 'KVM_REQ_TLB_FLUSH_CURRENT'],
);

export const smepSetFlushesCurrent = derive(
  roleChangeNewPgd,
  'role-change/smep-set-flush-current',
  'CR4.SMEP 0 -> 1 keeps the roots and flushes the hardware TLB alone: what is unsync in them is not synchronised',
  [sites.cr4SmepSet, 'KVM_REQ_TLB_FLUSH_CURRENT'],
);

export const movCr3KeepsRoots = derive(
  roleChangeNewPgd,
  'role-change/mov-cr3-keeps-roots',
  'without PCIDs MOV CR3 keeps cached roots, as every later MOV CR3 flushes; a change of role finds them without one',
  [sites.invalidatePcidPrevRoots, 'if CR4.PCIDE'],
);

export const pcideSetKeepsRoots = derive(
  v7_1,
  'role-change/pcide-set-keeps-roots',
  'CR4.PCIDE 0 -> 1 unloads nothing, though cached roots have missed what MOV CR3 flushed',
  [sites.cr4PcideSet, 'nothing'],
);

/** What is to pass wherever v7.1 does. */
export const ROLE_POLICIES: readonly Proposal[] = [
  repaired,
  flushFreesPrevRoots,
  needSyncRoots,
  unsyncRootsArray,
  bit63Roots,
  cr0WpUnload,
  cr0WpDirect,
  cr0WpPermissions,
  cr0WpGuestOwned,
  roleChangeUpdateRoot,
];

/** What some sequence of operations shows to be wrong, on a guest that the fault concerns. */
export const ROLE_FAULTS: readonly Proposal[] = [
  ...flagLostInRotation,
  flagNotServed,
  noflushInPgd,
  c12,
  c13,
  c14,
  cr0WpForShadow,
  cr0WpWithOthers,
  cr0WpNotRefreshed,
  roleChangeNewPgd,
  pgClearFlushesCurrent,
  pgRootsKept,
  pcideSetKeepsRoots,
  smepSetFlushesCurrent,
  movCr3KeepsRoots,
  roleWithoutNx,
  roleWithoutPse,
  fetchBitWithoutPae,
  smapLostByWp,
  implicitUnknown,
  pdptesChangeUnnoticed,
];
