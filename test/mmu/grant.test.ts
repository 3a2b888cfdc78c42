import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ACC_ALL,
  ACC_EXEC_MASK,
  ACC_USER_MASK,
  ACC_WRITE_MASK,
  ACCESS_KINDS,
  encodeGuestPte,
  excess,
  grantsNoMore,
  guestGrant,
  makeLeafSpte,
  makeNonLeafSpte,
  permits,
  shadowGrant,
  type Grant,
  type ShadowPage,
} from 'fencepost/mmu';

const grant = fc.option(
  fc.record({ frame: fc.integer({ min: 1, max: 3 }), access: fc.integer({ min: 0, max: ACC_ALL }) }),
  { nil: undefined },
);

/** The definition, said by kinds of access. */
function lets(through: Grant | undefined, kind: (typeof ACCESS_KINDS)[number]): boolean {
  return through !== undefined && permits(through.access, kind);
}

describe('«grants no more than»', () => {
  it('is reflexive, transitive, and antisymmetric up to the kinds of access let through', () => {
    fc.assert(
      fc.property(grant, grant, grant, (a, b, c) => {
        expect(grantsNoMore(a, a)).toBe(true);
        if (grantsNoMore(a, b) && grantsNoMore(b, c)) expect(grantsNoMore(a, c)).toBe(true);
        if (grantsNoMore(a, b) && grantsNoMore(b, a)) {
          for (const kind of ACCESS_KINDS) expect(lets(a, kind)).toBe(lets(b, kind));
        }
      }),
    );
  });

  it('means that each kind of access let through is let through to the same frame', () => {
    fc.assert(
      fc.property(grant, grant, (a, b) => {
        const holds = ACCESS_KINDS.every(
          (kind) => !lets(a, kind) || (lets(b, kind) && a?.frame === b?.frame),
        );
        expect(grantsNoMore(a, b)).toBe(holds);
      }),
    );
  });

  it('has nothing at the bottom, and names what exceeds', () => {
    expect(grantsNoMore(undefined, undefined)).toBe(true);
    expect(excess({ frame: 1, access: 0 }, undefined)).toBe('frame');
    expect(excess({ frame: 1, access: ACC_ALL }, { frame: 2, access: ACC_ALL })).toBe('frame');
    const grants = (access: number): Grant => ({ frame: 1, access });
    expect(excess(grants(0b110), grants(0b100))).toMatchObject([
      { name: 'supervisor write' },
      { name: 'user write' },
    ]);
  });

  it('asks what the guest allows its supervisor with CR0.WP clear', () => {
    const readOnly = { frame: 1, access: ACC_USER_MASK | ACC_EXEC_MASK };
    const forSupervisor = (access: number): Grant => ({ frame: 1, access });
    expect(grantsNoMore(forSupervisor(ACC_WRITE_MASK | ACC_EXEC_MASK), readOnly)).toBe(false);
    expect(grantsNoMore(forSupervisor(ACC_WRITE_MASK | ACC_EXEC_MASK), readOnly, {})).toBe(true);
    // Under SMEP the supervisor must not come to execute the user's page through such an SPTE.
    const smep = { smepAndnotWp: true };
    expect(grantsNoMore(forSupervisor(ACC_WRITE_MASK | ACC_EXEC_MASK), readOnly, smep)).toBe(false);
    expect(grantsNoMore(forSupervisor(ACC_WRITE_MASK), readOnly, smep)).toBe(true);
    expect(grantsNoMore(readOnly, readOnly, smep)).toBe(true);
    expect(grantsNoMore({ frame: 1, access: ACC_ALL }, readOnly, smep)).toBe(false);
  });
});

describe('what entries grant', () => {
  const page = (level: number, access: number, gfn = 9): ShadowPage => ({
    id: 1,
    gfn,
    role: { level, access, direct: false, passthrough: false, guestMode: false },
    rootCount: 0,
    parents: [],
    translations: {},
  });

  it('is at most what the path to them grants', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: ACC_ALL }),
        fc.boolean(),
        fc.boolean(),
        (path, writable, user) => {
          const granted = guestGrant(encodeGuestPte({ frame: 4, writable, user }), 1, path);
          expect(grantsNoMore(granted, { frame: 4, access: path })).toBe(true);
        },
      ),
    );
  });

  it('agrees for an SPTE made from a guest PTE, at either level', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: ACC_ALL }),
        fc.boolean(),
        fc.boolean(),
        (path, writable, user) => {
          const gpte = encodeGuestPte({ frame: 4, writable, user });
          const allowed = guestGrant(gpte, 1, path);
          const spte = makeLeafSpte({ pfn: 4, access: allowed?.access ?? 0 });
          expect(grantsNoMore(shadowGrant(spte, page(1, path), undefined), allowed)).toBe(true);

          const child = page(1, guestGrant(gpte, 2, path)?.access ?? 0, 4);
          const link = shadowGrant(makeNonLeafSpte(child.id), page(2, path), child);
          expect(grantsNoMore(link, guestGrant(gpte, 2, path))).toBe(true);
        },
      ),
    );
  });

  it('is nothing for an SPTE that is not present', () => {
    expect(shadowGrant(0, page(1, ACC_ALL), undefined)).toBeUndefined();
  });
});
