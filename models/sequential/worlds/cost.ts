/** Worlds in which events of a workload are counted. */
import { encodeGuestPte, type MmuHost } from 'fencepost/mmu';
import type { GuestPage } from '../../vm/guest-memory.ts';
import { SMALL_SHADOW_HOST } from '../../vm/vcpu.ts';
import type { TurnStep } from '../cost.ts';
import type { MmuKind } from './index.ts';
import { ROOT_A, ROOT_B, LEAF, DATA_B, DATA_PAGE, dataA, TABLES, cr3, world, TDP, LEGACY } from './parts.ts';
import type { GuestWorld } from './world.ts';

/** One vCPU with a page of its own in each address space, and one that the kernel keeps read-only. */
const READ_ONLY_PAGE = 1;
const COST_TABLES: readonly GuestPage[] = [
  ...TABLES.filter(({ gfn }) => gfn !== LEAF),
  {
    gfn: LEAF,
    name: 'leaf',
    entries: { 0: dataA, 1: encodeGuestPte({ frame: DATA_B, user: false, writable: false }) },
  },
];

/** L2 is no part of the cost model. */
type CostKind = Exclude<MmuKind, 'nested'>;

function costWorld(kind: CostKind, host: MmuHost): GuestWorld {
  const doc = 'Two processes that take turns on a kernel that clears CR0.WP to write to what is read-only.';
  const of = world(`cost-${kind}`, doc, { host, tables: COST_TABLES, pages: [0, 1], alphabet: {} });
  return { ...of, start: { ...of.start, vcpus: 1 } };
}

export const COST_WORLDS: Readonly<Record<CostKind, GuestWorld>> = {
  shadow: costWorld('shadow', SMALL_SHADOW_HOST),
  tdp: costWorld('tdp', TDP),
  direct: costWorld('direct', LEGACY),
};

const WRITES_READ_ONLY: readonly TurnStep[] = [
  'toggle WP',
  { page: READ_ONLY_PAGE, access: { kind: 'write', user: false } },
  'toggle WP',
  { page: DATA_PAGE, access: { kind: 'write', user: true } },
];

/** What one turn of a workload does: a step of two processes under `ssdd`, or one toggle and the code that follows. */
export const TURNS: Readonly<Record<'ssdd' | 'toggle', readonly TurnStep[]>> = {
  ssdd: [{ cr3: cr3(ROOT_B, 0) }, ...WRITES_READ_ONLY, { cr3: cr3(ROOT_A, 0) }, ...WRITES_READ_ONLY],
  toggle: ['toggle WP', { page: DATA_PAGE, access: { kind: 'write', user: false } }],
};
