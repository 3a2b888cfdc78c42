import { describe, expect, it } from 'vitest';
import {
  ACCESSES,
  permits,
  PFERR_FETCH_MASK,
  PFERR_PK_MASK,
  PFERR_PRESENT_MASK,
  PFERR_USER_MASK,
  PFERR_WRITE_MASK,
  PROTECTION_KEYS,
  protectionFaultCode,
  type Access,
  type PagingMode,
} from 'fencepost/x86';
import { faultByBitmap, permissionBitmap } from 'fencepost/mmu';
import { registerStates, whoMakes } from './x86/flags.ts';
import { expectedFault, type Flags, type Summary } from './x86/rights-table.ts';

const RIGHTS = 8;
const PKRU_STATES = 2 ** (2 * PROTECTION_KEYS);

/** X, W and U as the bits of ACC_ALL. */
function summaryOf(rights: number): Summary {
  const [x, w, u] = [0, 1, 2].map((bit) => ((rights >> bit) & 1) === 1);
  return `${w ? 'W' : '-'}${u ? 'U' : '-'}${x ? 'X' : '-'}`;
}

/** The access as KVM's callers describe it: an implicit one is no user's. */
function pfecOf({ kind, user, implicit = false }: Access): number {
  return (
    (kind === 'write' ? PFERR_WRITE_MASK : 0) |
    (kind === 'fetch' ? PFERR_FETCH_MASK : 0) |
    (user && !implicit ? PFERR_USER_MASK : 0)
  );
}

/** Every PKRU where keys are in force; elsewhere two that would deny everything and nothing. */
function pkruStates(flags: Flags): readonly number[] {
  return flags.pke ? Array.from({ length: PKRU_STATES }, (_, pkru) => pkru) : [0, PKRU_STATES - 1];
}

/** Compares bitmap, walk and table in one mode; gives how many lookups that were. */
function compareAll(mode: PagingMode): number {
  let compared = 0;
  for (const state of registerStates(mode)) {
    // One state of the key stands for all: PKRU is enumerated here.
    if (state.flags.pke && (state.flags.ad || state.flags.wd)) continue;
    const { wp: cr0Wp, smep: cr4Smep, smap: cr4Smap, nxe: eferNx, pke: cr4Pke } = state.flags;
    const bitmap = permissionBitmap({ cr0Wp, cr4Smep, cr4Smap, eferNx, cr4Pke });
    for (const pkru of pkruStates(state.flags)) {
      const registers = { ...state.registers, pkru };
      for (let key = 0; key < PROTECTION_KEYS; key++) {
        const bits = pkru >> (2 * key);
        const flags = { ...state.flags, ad: (bits & 1) !== 0, wd: (bits & 2) !== 0 };
        for (let rights = 0; rights < RIGHTS; rights++) {
          for (const access of ACCESSES) {
            const check = { pfec: pfecOf(access), implicit: access.implicit, rights, key };
            const byBitmap = faultByBitmap(bitmap, check, registers);
            const byWalk = permits({ access: rights, key }, access, registers)
              ? 0
              : protectionFaultCode({ access: rights, key }, access, registers);
            const byTable = expectedFault(summaryOf(rights), whoMakes(access), access.kind, flags) ?? 0;
            const told = PFERR_PRESENT_MASK | PFERR_PK_MASK;
            if (byBitmap !== (byWalk & told) || byBitmap !== (byTable & told)) {
              expect({ flags, access, rights, byBitmap }).toEqual({ byWalk, byTable });
            }
            compared++;
          }
        }
      }
    }
  }
  return compared;
}

/** For 32 states of WP, SMEP, SMAP, AC and NXE: keys not in force, and in force. */
const OFF = 32 * 2 * PROTECTION_KEYS * RIGHTS * ACCESSES.length;
const ON = 32 * PKRU_STATES * PROTECTION_KEYS * RIGHTS * ACCESSES.length;

describe("KVM's permission bitmap agrees with the walk's rules and with the table of the rules", () => {
  it.each([
    { mode: '2-level' as const, lookups: 5 * OFF },
    { mode: 'pae' as const, lookups: 5 * OFF },
    { mode: '4-level' as const, lookups: OFF + ON },
    { mode: '5-level' as const, lookups: OFF + ON },
  ])('$mode paging: $lookups lookups', ({ mode, lookups }) => {
    expect(compareAll(mode)).toBe(lookups);
  });
});
