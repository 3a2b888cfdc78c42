/** A guest whose pages the host takes away, a table among them: each comes back by the next fault. */
import type { MmuHost } from 'fencepost/mmu';
import {
  ACCESS,
  cr3,
  DATA_A,
  DATA_B,
  dataA,
  dataB,
  LEAF,
  LEAF_WINDOW,
  ROOT_A,
  ROOT_B,
  world,
} from './parts.ts';
import type { GuestWorld } from './world.ts';

const FRAMES = [LEAF, DATA_A, DATA_B];

export function unmapWorld(kind: string, host: MmuHost): GuestWorld {
  return world(
    `${kind}-unmap`,
    'The host takes away pages that the guest has mapped, and one of its tables.',
    {
      host,
      slots: { frames: FRAMES, present: FRAMES },
      alphabet: {
        accesses: ACCESS,
        cr3: [cr3(ROOT_A, 0), cr3(ROOT_B, 0)],
        stores: [{ gfn: LEAF, index: 0, window: LEAF_WINDOW, values: [0, dataA, dataB] }],
        smm: host.tdpEnabled,
        host: ['invalidate_range_start'],
      },
    },
  );
}
