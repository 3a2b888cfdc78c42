import { describe, expect, it } from 'vitest';
import type { GuestAccess } from 'fencepost/mmu';
import {
  encodePagingEntry,
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
const EPT: Ept = { root: ROOT, indexBits: [2, 2], accessedDirty: false, executeOnly: false, gbPages: false };
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

/** What KVM makes of the access by its walk: the frame, or what L1 gets. */
function byKvm(upper: number, lower: number, kind: SecondLevelKind, executeOnly: boolean): unknown {
  const kvm = new Kvm({
    vcpus: 1,
    guestRoot: ROOT,
    guestPages: [
      { gfn: ROOT, name: 'ept', ept: true, entries: { 0: upper } },
      { gfn: LEAF, name: 'ept_leaf', ept: true, entries: { 1: lower } },
    ],
  });
  const access: GuestAccess = { user: kind === 'read', write: kind === 'write', fetch: kind === 'fetch' };
  const tables = { root: ROOT, paging: { ...PAGING, executeOnly } };
  let result: unknown;
  runKvm(kvm, [
    function* () {
      const walk = yield* walkAddr(kvm.vcpus[0], { page: 1, access, tables });
      result = 'errorCode' in walk ? eptExit(access, walk) : { kind: 'done', frame: walk.gfn };
    },
  ]);
  return result;
}

describe('a walk of EPT by KVM', () => {
  it.each([false, true])(
    'comes to what the processor gives L1, qualification included (X without R: %s)',
    (executeOnly) => {
      let cases = 0;
      for (const reserved of [0, PT_RESERVED]) {
        for (let upper = 0; upper < 8; upper++) {
          for (let lower = 0; lower < 8; lower++) {
            for (const kind of KINDS) {
              const words = [(LEAF << 12) | upper, (DATA << 12) | lower | reserved] as const;
              const right = eptAccess({ ...EPT, executeOnly }, 1, kind, (frame, index) =>
                frame === ROOT && index === 0 ? words[0] : frame === LEAF && index === 1 ? words[1] : 0,
              );
              const expected = right.kind === 'done' ? { kind: 'done', frame: right.frame } : right;
              expect(byKvm(...words, kind, executeOnly)).toEqual(expected);
              cases++;
            }
          }
        }
      }
      expect(cases).toBe(384);
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
