/** Register states for exhaustive loops over paging, and the oracle's view of them. */
import {
  EFER_NX,
  inPagingMode,
  X86_CR0_WP,
  X86_CR4_PKE,
  X86_CR4_PSE,
  X86_CR4_SMAP,
  X86_CR4_SMEP,
  X86_EFLAGS_AC,
  type Access,
  type PagingMode,
  type Registers,
} from 'fencepost/x86';
import type { Flags, Who } from './rights-table.ts';

/** The key that protected pages carry; the others' bits of PKRU are the opposite, to be told apart. */
export const KEY = 2;

const BITS = 5;

/** Every state of WP, SMEP, SMAP, AC and NXE, with PKE clear and with PKE and each state of the key. */
export function* registerStates(mode: PagingMode): Generator<{ registers: Registers; flags: Flags }> {
  for (let bits = 0; bits < 2 ** BITS; bits++) {
    const [wp, smep, smap, ac, nxe] = Array.from({ length: BITS }, (_, at) => ((bits >> at) & 1) === 1);
    for (let key = -1; key < 4; key++) {
      const [pke, ad, wd] = [key >= 0, key >= 0 && (key & 1) === 1, key >= 2];
      const base = inPagingMode(mode);
      const registers: Registers = {
        ...base,
        cr0: base.cr0 | (wp ? X86_CR0_WP : 0),
        cr4:
          base.cr4 |
          X86_CR4_PSE |
          (smep ? X86_CR4_SMEP : 0) |
          (smap ? X86_CR4_SMAP : 0) |
          (pke ? X86_CR4_PKE : 0),
        efer: base.efer | (nxe ? EFER_NX : 0),
        eflags: ac ? X86_EFLAGS_AC : 0,
        pkru: (0xff & ~(3 << (2 * KEY))) | ((ad ? 1 : 0) << (2 * KEY)) | ((wd ? 2 : 0) << (2 * KEY)),
      };
      const long = mode === '4-level' || mode === '5-level';
      const flags = { wp, smep, smap, ac, nxe, pae: mode !== '2-level', pke: pke && long, ad, wd };
      yield { registers, flags };
    }
  }
}

export function whoMakes({ user, implicit = false }: Access): Who {
  if (implicit) return 'implicit';
  return user ? 'user' : 'supervisor';
}
