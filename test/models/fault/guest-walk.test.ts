import { describe, expect, it } from 'vitest';
import {
  ACC_ALL,
  ACC_EXEC_MASK,
  ACC_USER_MASK,
  ACC_WRITE_MASK,
  addPage,
  emptyMmuState,
  encodeGuestPte,
  findPage,
  isMmioSpte,
  PG_LEVEL_4K,
  SMALL_PAGING,
  spteAccess,
  spteChild,
  sptePfn,
  type GuestAccess,
  type GuestPaging,
  type ShadowPageRole,
} from 'fencepost/mmu';
import {
  PFERR_FETCH_MASK,
  PFERR_PK_MASK,
  PFERR_PRESENT_MASK,
  PFERR_RSVD_MASK,
  PFERR_USER_MASK,
  PFERR_WRITE_MASK,
} from 'fencepost/x86';
import { directPageFault } from '../../../models/fault/direct-map.ts';
import { emulatorWritePhys } from '../../../models/shadow/emulated-write.ts';
import { Kvm, type KvmStart } from '../../../models/vm/kvm.ts';
import type { LoadedRoot } from '../../../models/fault/faultin.ts';
import { handlePageFault, type FaultResult } from '../../../models/fault/page-fault.ts';
import { versions } from '../../../models/proposals/versions/index.ts';
import { countsBalanced } from '../../../models/properties/counts-balanced.ts';
import { noStaleSpte } from '../../../models/properties/no-stale-spte.ts';
import { noUseAfterFree } from '../../../models/properties/no-use-after-free.ts';
import { ORDINARY_ROOT } from '../../../models/worlds/page-directory.ts';
import { writeOnce } from '../../../src/program/operations.ts';
import { positions, runKvm } from '../../support/kvm.ts';

const GPD = 1;
const GPT = 2;
const DATA = 4;

interface Guest extends Partial<KvmStart> {
  readonly pde?: number;
  readonly ptes?: Readonly<Record<number, number>>;
  readonly role?: Partial<ShadowPageRole>;
}

/** One vCPU with a loaded root that shadows `gpd`. */
function guest({ pde = encodeGuestPte({ frame: GPT }), ptes = {}, role, ...start }: Guest): Kvm {
  const shadow = emptyMmuState();
  addPage(shadow, GPD, { ...ORDINARY_ROOT, ...role });
  shadow.pages[0].rootCount = 1;
  return new Kvm({
    vcpus: 1,
    guestRoot: GPD,
    guestPages: [
      { gfn: GPD, name: 'gpd', entries: { 0: pde } },
      { gfn: GPT, name: 'gpt', entries: ptes },
    ],
    shadow,
    indirectShadowPages: 1,
    writeTrack: { [GPD]: 1 },
    without: ['reschedule'],
    ...start,
  });
}

interface Ask {
  readonly page?: number;
  readonly root?: LoadedRoot;
  readonly access?: GuestAccess;
  readonly paging?: Partial<GuestPaging>;
  readonly pdptes?: readonly number[];
}

function fault(kvm: Kvm, ...asks: readonly Ask[]) {
  const results: FaultResult[] = [];
  const result = runKvm(
    kvm,
    [
      function* () {
        for (const { page = 0, root = 0, access = {}, paging = {}, pdptes } of asks) {
          const tables = { root: GPD, pdptes, paging: { ...SMALL_PAGING, ...paging } };
          results.push(yield* handlePageFault(kvm.vcpus[0], root, page, access, tables));
        }
      },
    ],
    versions['v7.1'],
  );
  for (const property of [noStaleSpte(kvm), countsBalanced(kvm), noUseAfterFree(kvm)]) {
    expect(property.check(result.run)).toBeUndefined();
  }
  return { ...result, results };
}

/** The leaf SPTE that a page has in the end, found as the hardware finds it. */
function leafOf(kvm: Kvm, run: ReturnType<typeof fault>['run'], page: number, root = 0): number {
  const { pages } = run.state(kvm.mmuLock);
  let id = root;
  for (let level = findPage(run.state(kvm.mmuLock), root)?.role.level ?? 0; ; level--) {
    const index = Math.floor(page / 4 ** (level - 1)) % 4;
    const spte = run.value(kvm.spte({ page: id, index }, level));
    if (level === PG_LEVEL_4K || spte === 0) return spte;
    id = spteChild(spte);
    expect(pages.map((known) => known.id)).toContain(id);
  }
}

describe('the walk', () => {
  it.each([
    ['not present', 0, {}, {}, 0],
    [
      'a user at a supervisor page',
      { user: false },
      { user: true },
      {},
      PFERR_PRESENT_MASK | PFERR_USER_MASK,
    ],
    [
      'a write to a read-only page',
      { writable: false },
      { write: true },
      {},
      PFERR_PRESENT_MASK | PFERR_WRITE_MASK,
    ],
    ['a fetch from XD', { noExecute: true }, { fetch: true }, {}, PFERR_PRESENT_MASK | PFERR_FETCH_MASK],
    [
      'XD while it is reserved',
      { noExecute: true },
      {},
      { eferNx: false },
      PFERR_PRESENT_MASK | PFERR_RSVD_MASK,
    ],
    ['a reserved bit', { reserved: true }, {}, {}, PFERR_PRESENT_MASK | PFERR_RSVD_MASK],
    ['SMEP', {}, { fetch: true }, { cr4Smep: true }, PFERR_PRESENT_MASK | PFERR_FETCH_MASK],
    ['SMAP', {}, {}, { cr4Smap: true }, PFERR_PRESENT_MASK],
    [
      'a protection key',
      { key: 1 },
      { user: true },
      { cr4Pke: true, pkru: 4 },
      PFERR_PRESENT_MASK | PFERR_USER_MASK | PFERR_PK_MASK,
    ],
  ] as const)('injects a #PF for %s', (_, pte, access, paging, errorCode) => {
    const kvm = guest({ ptes: { 0: pte === 0 ? 0 : encodeGuestPte({ frame: DATA, ...pte }) } });
    expect(fault(kvm, { access, paging }).results).toEqual([{ outcome: 'inject', errorCode }]);
  });

  it('sets A on the path, and D for a write alone, each by a user cmpxchg', () => {
    const fresh = { accessed: false, dirty: false };
    for (const write of [false, true]) {
      const kvm = guest({
        pde: encodeGuestPte({ frame: GPT, ...fresh }),
        ptes: { 0: encodeGuestPte({ frame: DATA, ...fresh }) },
      });
      const { run, log, results } = fault(kvm, { access: { write } });
      expect(results).toEqual([{ outcome: 'fixed' }]);
      expect(run.value(kvm.guest.pte(GPD, 0))).toBe(encodeGuestPte({ frame: GPT, dirty: false }));
      expect(run.value(kvm.guest.pte(GPT, 0))).toBe(encodeGuestPte({ frame: DATA, dirty: write }));
      const order = positions(log(), 'lock cmpxchg(gpd[0])', 'lock cmpxchg(gpt[0])', 'write_lock');
      expect(order).not.toContain(-1);
      // A page that is clean may be written only after a fault that sets D.
      expect((spteAccess(leafOf(kvm, run, 0)) & ACC_WRITE_MASK) !== 0).toBe(write);
    }
  });

  it('begins anew when the guest changes an entry before its A bit is set', () => {
    const kvm = guest({ ptes: { 0: encodeGuestPte({ frame: DATA, accessed: false }) } });
    const moved = encodeGuestPte({ frame: DATA + 1, accessed: false });
    const { run } = runKvm(
      kvm,
      [() => handlePageFault(kvm.vcpus[0], 0, 0), () => writeOnce(kvm.guest.pte(GPT, 0), moved)],
      versions['v7.1'],
      { order: [0, 0, 1] },
    );
    expect(run.value(kvm.guest.pte(GPT, 0))).toBe(encodeGuestPte({ frame: DATA + 1 }));
    expect(sptePfn(leafOf(kvm, run, 0))).toBe(DATA + 1);
  });
});

describe('a fault', () => {
  it('of a supervisor write with CR0.WP clear takes U from the SPTE, and X too under SMEP', () => {
    const ptes = { 0: encodeGuestPte({ frame: DATA, writable: false }) };
    for (const cr4Smep of [false, true]) {
      const kvm = guest({ ptes, role: { cr0Wp: false, smepAndnotWp: cr4Smep } });
      const paging = { cr0Wp: false, cr4Smep };
      const { run } = fault(kvm, { access: { write: true }, paging });
      expect(spteAccess(leafOf(kvm, run, 0))).toBe(ACC_WRITE_MASK | (cr4Smep ? 0 : ACC_EXEC_MASK));
    }
  });

  it('of a write to a table that is shadowed marks it unsync, or has it emulated where it is tracked', () => {
    const ptes = { 0: encodeGuestPte({ frame: GPT }), 1: encodeGuestPte({ frame: GPD }) };
    const kvm = guest({ ptes });
    const write = { write: true };
    const { run, results } = fault(
      kvm,
      { page: 0, access: write },
      { page: 1, access: write },
      { page: 1, access: { write: true, present: true } },
    );
    expect(results.map(({ outcome }) => outcome)).toEqual(['fixed', 'emulate', 'emulate']);
    expect(run.value(kvm.unsync(1))).toBe(1);
    expect(spteAccess(leafOf(kvm, run, 0))).toBe(ACC_ALL);
    expect(spteAccess(leafOf(kvm, run, 1))).toBe(ACC_EXEC_MASK | ACC_USER_MASK);
  });

  it('maps the neighbours along, unless their tables would have to go unsync', () => {
    const ptes = {
      0: encodeGuestPte({ frame: DATA }),
      1: encodeGuestPte({ frame: DATA + 1 }),
      2: encodeGuestPte({ frame: GPT }),
    };
    const { run } = fault(guest({ ptes }), {});
    const kvm = guest({ ptes });
    const after = fault(kvm, {}).run;
    expect([0, 1, 2, 3].map((page) => sptePfn(leafOf(kvm, after, page)))).toEqual([DATA, DATA + 1, GPT, 0]);
    expect(spteAccess(leafOf(kvm, after, 2)) & ACC_WRITE_MASK).toBe(0);
    expect(run.value(kvm.unsync(1))).toBe(0);
  });

  it('below a large page makes direct pages, and others when the rights have changed', () => {
    const large = (writable: boolean): number => encodeGuestPte({ frame: 8, large: true, writable });
    const kvm = guest({ pde: large(true) });
    const { run } = fault(kvm, { page: 2, access: { write: true } });
    expect(sptePfn(leafOf(kvm, run, 2))).toBe(10);
    expect(findPage(run.state(kvm.mmuLock), 1)).toMatchObject({ gfn: 8, role: { direct: true, level: 1 } });
    const next = runKvm(
      kvm,
      [
        function* () {
          yield* handlePageFault(kvm.vcpus[0], 0, 2, { write: true });
          yield* writeOnce(kvm.guest.pte(GPD, 0), large(false));
          yield* handlePageFault(kvm.vcpus[0], 0, 2);
        },
      ],
      versions['v6.12'],
    );
    expect(spteAccess(leafOf(kvm, next.run, 2)) & ACC_WRITE_MASK).toBe(0);
    expect(next.run.value(kvm.indirectShadowPages)).toBe(1);
  });

  it('where no memslot is leaves an MMIO SPTE and has the access emulated', () => {
    const ptes = { 0: encodeGuestPte({ frame: DATA }) };
    const kvm = guest({ ptes, mmio: [DATA] });
    const { run, results } = fault(kvm, {});
    expect(results).toEqual([{ outcome: 'emulate', mmio: DATA }]);
    expect(isMmioSpte(leafOf(kvm, run, 0))).toBe(true);
  });

  it('through 4-byte entries finds the half of the table, and a write to it the SPTE', () => {
    const role = { level: 2, has4ByteGpte: true, quadrant: 0 };
    const kvm = guest({
      ptes: { 1: encodeGuestPte({ frame: DATA }), 5: encodeGuestPte({ frame: DATA + 1 }) },
      role,
    });
    const paging = { has4ByteGpte: true };
    const { run } = fault(kvm, { page: 1, paging }, { page: 5, paging });
    expect([1, 5].map((page) => sptePfn(leafOf(kvm, run, page)))).toEqual([DATA, DATA + 1]);
    const leaves = run.state(kvm.mmuLock).pages.slice(1);
    expect(leaves.map(({ gfn, role: { quadrant } }) => [gfn, quadrant])).toEqual([
      [GPT, 0],
      [GPT, 1],
    ]);
    const written = runKvm(
      kvm,
      [
        function* () {
          const tables = { root: GPD, paging: { ...SMALL_PAGING, ...paging } };
          yield* handlePageFault(kvm.vcpus[0], 0, 1, {}, tables);
          yield* handlePageFault(kvm.vcpus[0], 0, 5, {}, tables);
          yield* emulatorWritePhys(kvm.vcpus[0], { gfn: GPT, index: 5 }, 0);
          yield* emulatorWritePhys(kvm.vcpus[0], { gfn: GPD, index: 0 }, 0);
        },
      ],
      versions['v7.1'],
    ).run;
    expect(written.value(kvm.spte({ page: 1, index: 1 }, 1))).not.toBe(0);
    expect(written.value(kvm.spte({ page: 2, index: 1 }, 1))).toBe(0);
    expect([0, 1].map((index) => written.value(kvm.spte({ page: 0, index }, 2)))).toEqual([0, 0]);
    expect(noStaleSpte(kvm).check(written)).toBeUndefined();
  });

  it('in PAE mode starts from the PDPTEs and the roots that were loaded', () => {
    const kvm = guest({ ptes: { 0: encodeGuestPte({ frame: DATA }) } });
    const ask = { pdptes: [encodeGuestPte({ frame: GPD })], paging: { levels: 3 }, root: [0] };
    const { run, results } = fault(kvm, ask, { ...ask, page: 16 });
    expect(results).toEqual([{ outcome: 'fixed' }, { outcome: 'inject', errorCode: 0 }]);
    expect(sptePfn(leafOf(kvm, run, 0))).toBe(DATA);
  });

  it('with paging off maps guest frames as they are', () => {
    const kvm = guest({ role: { direct: true }, indirectShadowPages: 0, writeTrack: {} });
    const { run } = runKvm(kvm, [() => directPageFault(kvm.vcpus[0], 0, 9, { write: true })]);
    expect(sptePfn(leafOf(kvm, run, 9))).toBe(9);
    expect(run.value(kvm.indirectShadowPages)).toBe(0);
  });

  it('zaps the oldest pages when the VM has too many', () => {
    const kvm = guest({ ptes: { 0: encodeGuestPte({ frame: DATA }) }, maxMmuPages: 6 });
    const { run } = fault(kvm, {}, {});
    expect(run.state(kvm.mmuLock).pages.map(({ id }) => id)).toEqual([0, 2]);
  });
});

describe('writes to a page directory', () => {
  it('three in a row without a walk in between zap its page', () => {
    const kvm = guest({ ptes: { 0: encodeGuestPte({ frame: DATA }) } });
    const write = () => emulatorWritePhys(kvm.vcpus[0], { gfn: GPD, index: 3 }, 0);
    const outcome = (steps: readonly (() => ReturnType<typeof write>)[]) =>
      runKvm(
        kvm,
        [
          function* () {
            for (const step of steps) yield* step();
          },
        ],
        versions['v7.1'],
      ).run.value(kvm.roleInvalid(0));
    const walk = function* () {
      yield* handlePageFault(kvm.vcpus[0], 0, 0);
    };
    expect(outcome([write, write, write])).toBe(1);
    expect(outcome([write, write, walk, write])).toBe(0);
  });
});
