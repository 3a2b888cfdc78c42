/** Guests whose vCPUs are given other registers from outside: by userspace, or by an INIT. */
import type { MmuHost } from 'fencepost/mmu';
import { X86_CR0_WP, type Registers } from 'fencepost/x86';
import {
  ACCESS,
  cleanA,
  cr3,
  DATA_A,
  DATA_B,
  DATA_PAGE,
  dataA,
  dataB,
  LEAF,
  LEAF_WINDOW,
  readOnlyA,
  ROOT_A,
  ROOT_B,
  ROOT_WINDOW,
  TABLES,
  toLeaf,
  WITH_PCIDS,
  world,
} from './parts.ts';
import type { Alphabet, GuestWorld } from './world.ts';

/** Under another root and another PCID, and under the same ones in another role. */
const OTHER_TABLES: Registers = { ...WITH_PCIDS, cr3: cr3(ROOT_B, 1) };
const OTHER_ROLE: Registers = { ...WITH_PCIDS, cr0: WITH_PCIDS.cr0 & ~X86_CR0_WP };

function sregsWorld(kind: string, host: MmuHost): GuestWorld {
  return world(
    `${kind}-sregs`,
    'KVM_SET_SREGS to other tables, to another role and back, KVM_SET_CPUID2 and INIT, beside MOV CR3 with PCIDs.',
    {
      host,
      registers: WITH_PCIDS,
      alphabet: {
        replacements: [
          ...[WITH_PCIDS, OTHER_TABLES, OTHER_ROLE].map(
            (registers) => ({ by: 'KVM_SET_SREGS', registers }) as const,
          ),
          { by: 'KVM_SET_CPUID2' },
          { by: 'INIT' },
        ],
        cr3: [cr3(ROOT_A, 0), cr3(ROOT_B, 1)],
        stores: [{ gfn: LEAF, index: 0, window: LEAF_WINDOW, values: [0, dataA] }],
      },
    },
  );
}

/** The roots of two tables, or those of SMM and the rest where the guest's tables do not count. */
function zapAllWorld(kind: string, host: MmuHost): GuestWorld {
  const roots: Partial<Alphabet> = host.tdpEnabled
    ? { smm: true, accesses: ACCESS }
    : { cr3: [cr3(ROOT_A, 0), cr3(ROOT_B, 0)] };
  return world(
    `${kind}-zap-all`,
    'All shadow pages become obsolete at once, while vCPUs keep roots that they do not use.',
    {
      host,
      alphabet: {
        ...roots,
        stores: [
          { gfn: LEAF, index: 0, window: LEAF_WINDOW, values: [0, dataA] },
          { gfn: ROOT_A, index: 0, window: ROOT_WINDOW, values: [0, toLeaf] },
        ],
        host: ['kvm_mmu_zap_all_fast', 'kvm_mmu_unprotect_page'],
      },
    },
  );
}

/** Page 0 is where no memslot is at first, and may be moved to where one is. */
const MMIO_AT_FIRST = TABLES.map((page) => (page.gfn === LEAF ? { ...page, entries: { 0: dataB } } : page));

function memslotsWorld(kind: string, host: MmuHost): GuestWorld {
  return world(
    `${kind}-memslots`,
    'Memslots of two data pages are created, deleted and moved; accesses to where none is are emulated.',
    {
      host,
      tables: MMIO_AT_FIRST,
      slots: { frames: [DATA_A, DATA_B], present: [DATA_A] },
      alphabet: {
        accesses: ACCESS,
        stores: [{ gfn: LEAF, index: 0, window: LEAF_WINDOW, values: [readOnlyA, dataB] }],
        invlpg: [DATA_PAGE],
        host: ['kvm_create_memslot', 'kvm_delete_memslot', 'kvm_move_memslot'],
      },
    },
  );
}

/** A data page and both kinds of tables are logged; an entry whose D is clear has KVM or the hardware write to the table. */
function dirtyLogWorld(kind: string, host: MmuHost): GuestWorld {
  const frames = [DATA_A, LEAF, ROOT_A];
  return world(
    `${kind}-dirty-log`,
    'Dirty logging by write protection: switched on and off, harvested, while guest and KVM write to data and tables.',
    {
      host,
      slots: { frames, present: frames },
      alphabet: {
        accesses: ACCESS,
        stores: [
          { gfn: LEAF, index: 0, window: LEAF_WINDOW, values: [dataA, cleanA] },
          { gfn: ROOT_A, index: 0, window: ROOT_WINDOW, values: [0, toLeaf] },
        ],
        host: ['kvm_update_flags_memslot', 'kvm_get_dirty_log_protect'],
      },
    },
  );
}

/** The worlds of one MMU. */
export function userspaceWorlds(kind: string, host: MmuHost): readonly GuestWorld[] {
  return [sregsWorld, zapAllWorld, memslotsWorld, dirtyLogWorld].map((of) => of(kind, host));
}
