/** A guest that changes everything its rights are judged by (SDM vol. 3A, 4.6), and an emulator that judges them too. */
import { encodeGuestPte, type MmuHost } from 'fencepost/mmu';
import {
  EFER_NX,
  X86_CR0_WP,
  X86_CR4_PKE,
  X86_CR4_SMAP,
  X86_CR4_SMEP,
  type Access,
  type Registers,
} from 'fencepost/x86';
import { cr3, DATA_A, dataA, LEAF, LEAF_WINDOW, readOnlyA, ROOT_A, WITHOUT_PCIDS, world } from './parts.ts';
import type { GuestWorld } from './world.ts';

const WITH_SMAP: Registers = { ...WITHOUT_PCIDS, cr4: WITHOUT_PCIDS.cr4 | X86_CR4_SMAP };

const KEY = 1;
const noExecuteA = encodeGuestPte({ frame: DATA_A, noExecute: true });
const keyedA = encodeGuestPte({ frame: DATA_A, key: KEY });
/** PKRU: nothing, or nothing but reads, with pages of the key. */
const ACCESS_DISABLE = 1 << (2 * KEY);
const WRITE_DISABLE = 2 << (2 * KEY);

/** The implicit ones obey SMAP whatever EFLAGS.AC is. */
const ACCESSES: readonly Access[] = [
  { kind: 'read', user: false },
  { kind: 'write', user: false },
  { kind: 'fetch', user: false },
  { kind: 'read', user: false, implicit: true },
  { kind: 'write', user: true, implicit: true },
];

export function permissionsWorld(kind: string, host: MmuHost): GuestWorld {
  const hasKeys = host.tdpEnabled;
  return world(
    `${kind}-permissions`,
    "A supervisor's accesses to a user's page, implicit ones and KVM's emulation of both among them, while CR0.WP, CR4.SMEP, " +
      `CR4.SMAP, EFER.NX${hasKeys ? ', CR4.PKE, PKRU' : ''} and EFLAGS.AC change.`,
    {
      host,
      registers: WITH_SMAP,
      alphabet: {
        accesses: ACCESSES,
        stores: [
          {
            gfn: LEAF,
            index: 0,
            window: LEAF_WINDOW,
            values: [dataA, readOnlyA, noExecuteA, ...(hasKeys ? [keyedA] : [])],
          },
        ],
        cr0: [X86_CR0_WP],
        cr3: [cr3(ROOT_A, 0)],
        cr4: [X86_CR4_SMEP, X86_CR4_SMAP, ...(hasKeys ? [X86_CR4_PKE] : [])],
        efer: [EFER_NX],
        ac: true,
        pkru: hasKeys ? [0, ACCESS_DISABLE, WRITE_DISABLE] : [],
        emulates: true,
      },
    },
  );
}
