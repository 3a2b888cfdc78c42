/** A guest with XD in its page tables, which EFER.NX makes a right or a reserved bit (SDM vol. 3A, 4.5.4). */
import { encodeGuestPte } from 'fencepost/mmu';
import { EFER_NX } from 'fencepost/x86';
import { cr3, DATA_A, DATA_PAGE, dataA, dataB, LEAF, LEAF_WINDOW, ROOT_A, ROOT_B, world } from './parts.ts';

const noExecuteA = encodeGuestPte({ frame: DATA_A, noExecute: true });

export const shadowNx = world(
  'shadow-nx',
  'XD in entries of a page table, reads and fetches while EFER.NX is set and cleared.',
  {
    alphabet: {
      accesses: [
        { kind: 'read', user: true },
        { kind: 'fetch', user: true },
      ],
      stores: [{ gfn: LEAF, index: 0, window: LEAF_WINDOW, values: [0, dataA, dataB, noExecuteA] }],
      cr3: [cr3(ROOT_A, 0), cr3(ROOT_B, 0)],
      efer: [EFER_NX],
      invlpg: [DATA_PAGE],
      invpcid: [{ type: 0, pcid: 0, page: DATA_PAGE }],
    },
  },
);
