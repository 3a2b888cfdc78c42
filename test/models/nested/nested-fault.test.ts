import { describe, expect, it } from 'vitest';
import type { GuestAccess } from 'fencepost/mmu';
import {
  encodePagingEntry,
  EPT_ACCESSED,
  EPT_DIRTY,
  EPT_READABLE,
  EPT_WRITABLE,
  eptAccess,
  PT_RESERVED,
  type Ept,
  type SecondLevelKind,
} from 'fencepost/x86';
import { walkAddr } from '../../../models/fault/guest-walk.ts';
import { Kvm } from '../../../models/vm/kvm.ts';
import { eptExit } from '../../../models/nested/nested-fault.ts';
import { runKvm } from '../../support/kvm.ts';

const ROOT = 1;
const LEAF = 2;
const DATA = 9;
const KINDS: readonly SecondLevelKind[] = ['read', 'write', 'fetch'];
const EPT = { root: ROOT, indexBits: [2, 2], gbPages: false };
type Features = Pick<Ept, 'accessedDirty' | 'executeOnly'>;
const PAGING = {
  levels: 2,
  ept: true,
  largePages: true,
  cr0Wp: true,
  cr4Smep: false,
  cr4Smap: false,
  cr4Pke: false,
  eferNx: false,
  eflags: 0,
  pkru: 0,
};

/** What KVM makes of the access by its walk: the frame and the words that are left, or what L1 gets. */
function byKvm(upper: number, lower: number, kind: SecondLevelKind, features: Features): unknown {
  const kvm = new Kvm({
    vcpus: 1,
    guestRoot: ROOT,
    guestPages: [
      { gfn: ROOT, name: 'ept', ept: true, entries: { 0: upper } },
      { gfn: LEAF, name: 'ept_leaf', ept: true, entries: { 1: lower } },
    ],
  });
  const access: GuestAccess = { user: kind === 'read', write: kind === 'write', fetch: kind === 'fetch' };
  const { accessedDirty: eptAd, executeOnly } = features;
  const tables = { root: ROOT, paging: { ...PAGING, eptAd, executeOnly } };
  let result: unknown;
  let frame: number | undefined;
  const { run } = runKvm(kvm, [
    function* () {
      const walk = yield* walkAddr(kvm.vcpus[0], { page: 1, access, tables });
      if ('errorCode' in walk) result = eptExit(access, walk);
      else frame = walk.gfn;
    },
  ]);
  if (frame === undefined) return result;
  return { frame, words: [kvm.guest.pte(ROOT, 0), kvm.guest.pte(LEAF, 1)].map((pte) => run.value(pte)) };
}

/** The same by the processor. */
function byProcessor(upper: number, lower: number, kind: SecondLevelKind, features: Features): unknown {
  const result = eptAccess({ ...EPT, ...features }, 1, kind, (frame, index) =>
    frame === ROOT && index === 0 ? upper : frame === LEAF && index === 1 ? lower : 0,
  );
  if (result.kind !== 'done') return result;
  const words = [upper, lower];
  for (const { table, to } of result.updates) words[table - ROOT] = to;
  return { frame: result.frame, words };
}

const BOOLEANS = [false, true];
const EVERY_FEATURES = BOOLEANS.flatMap((accessedDirty) =>
  BOOLEANS.map((executeOnly) => ({ accessedDirty, executeOnly })),
);

describe('a walk of EPT by KVM', () => {
  it.each(EVERY_FEATURES)(
    'comes to what the processor gives L1 and leaves in its tables, qualification included (%o)',
    (features) => {
      let cases = 0;
      for (const more of [0, PT_RESERVED, EPT_ACCESSED, EPT_ACCESSED | EPT_DIRTY]) {
        for (let upper = 0; upper < 8; upper++) {
          for (let lower = 0; lower < 8; lower++) {
            for (const kind of KINDS) {
              const words = [(LEAF << 12) | upper, (DATA << 12) | lower | more] as const;
              expect(byKvm(...words, kind, features)).toEqual(byProcessor(...words, kind, features));
              cases++;
            }
          }
        }
      }
      expect(cases).toBe(768);
    },
  );

  it('names entries by R, W and X where one is missing', () => {
    const guest = new Kvm({
      vcpus: 0,
      guestRoot: ROOT,
      guestPages: [
        { gfn: ROOT, name: 'ept', ept: true, entries: {} },
        { gfn: LEAF, name: 'leaf', entries: {} },
        { gfn: DATA, name: 'data' },
      ],
    }).guest;
    const word = (DATA << 12) | EPT_READABLE;
    expect(guest.show(ROOT, 0)).toBe('0');
    expect(guest.show(ROOT, word)).toBe('data R');
    expect(guest.show(ROOT, word | EPT_WRITABLE | 4)).toBe('data');
    expect(guest.show(LEAF, encodePagingEntry({ frame: DATA, writable: false }))).toContain('U|X');
  });
});
