import { describe, expect, it } from 'vitest';
import {
  calcCpuRole,
  calcRoles,
  calcShadowEptRoles,
  calcShadowNptRoles,
  childRole,
  INVALID_CPU_ROLE,
  sameCpuRole,
  sameRole,
  X86_LEVELS,
  type MmuHost,
  type RoleRegs,
  type ShadowPageRole,
} from 'fencepost/mmu';

const TDP: MmuHost = {
  tdpEnabled: true,
  tdpMmuEnabled: true,
  levels: X86_LEVELS,
  tdpLevel: 4,
  adEnabled: true,
};
const SHADOW: MmuHost = { ...TDP, tdpEnabled: false, tdpMmuEnabled: false };

const BITS = [
  'cr0Pg',
  'cr0Wp',
  'cr4Pse',
  'cr4Pae',
  'cr4La57',
  'cr4Smep',
  'cr4Smap',
  'cr4Pke',
  'eferNx',
  'eferLma',
  'smm',
  'guestMode',
] as const;

/** Every state that the CPU allows: EFER.LMA needs CR0.PG and CR4.PAE, and LA57 is fixed where it is off. */
const ALL: readonly RoleRegs[] = Array.from(
  { length: 2 ** BITS.length },
  (_, word) =>
    Object.fromEntries(BITS.map((bit, i) => [bit, ((word >> i) & 1) === 1])) as unknown as RoleRegs,
).filter(({ eferLma, cr0Pg, cr4Pae }) => !eferLma || (cr0Pg && cr4Pae));

const PAGING = ALL.filter(({ cr0Pg }) => cr0Pg);

function rootRole(regs: RoleRegs, host: MmuHost): ShadowPageRole {
  return calcRoles(regs, host).rootRole;
}

describe('the states', () => {
  it('are all that the registers allow', () => {
    // Paging off: 9 bits besides LMA free in two modes of PAE; on: LMA is a third mode with PAE.
    expect(ALL.length).toBe(2 ** 10 + 2 ** 9 * 3);
  });
});

describe('the root role of TDP', () => {
  it('depends on SMM and guest mode alone', () => {
    for (const regs of ALL) {
      const plain = { ...ALL[0], smm: regs.smm, guestMode: regs.guestMode };
      expect(sameRole(rootRole(regs, TDP), rootRole(plain, TDP))).toBe(true);
    }
    for (const regs of ALL) {
      expect(sameRole(rootRole(regs, TDP), rootRole({ ...regs, smm: !regs.smm }, TDP))).toBe(false);
      const other = { ...regs, guestMode: !regs.guestMode };
      expect(sameRole(rootRole(regs, TDP), rootRole(other, TDP))).toBe(false);
    }
  });

  it('is direct', () => {
    for (const regs of ALL) expect(rootRole(regs, TDP).direct).toBe(true);
  });
});

describe('the root role of shadow paging', () => {
  it('changes with CR0.WP whenever paging is on, and never when it is off', () => {
    for (const regs of ALL) {
      const toggled = rootRole({ ...regs, cr0Wp: !regs.cr0Wp }, SHADOW);
      expect(sameRole(rootRole(regs, SHADOW), toggled)).toBe(!regs.cr0Pg);
    }
  });

  it('changes with CR0.PG', () => {
    for (const regs of PAGING) {
      const off = rootRole({ ...regs, cr0Pg: false, eferLma: false }, SHADOW);
      expect(sameRole(rootRole(regs, SHADOW), off)).toBe(false);
      expect([rootRole(regs, SHADOW).direct, off.direct]).toEqual([false, true]);
    }
  });

  it('changes with SMEP and SMAP exactly while CR0.WP is clear', () => {
    for (const regs of PAGING) {
      for (const bit of ['cr4Smep', 'cr4Smap'] as const) {
        const toggled = rootRole({ ...regs, [bit]: !regs[bit] }, SHADOW);
        expect(sameRole(rootRole(regs, SHADOW), toggled)).toBe(regs.cr0Wp);
      }
    }
  });

  it('has entries with NX and three levels at least, whatever the guest has', () => {
    for (const regs of ALL) {
      const { eferNx, level } = rootRole(regs, SHADOW);
      expect([eferNx, level >= X86_LEVELS.pae]).toEqual([true, true]);
    }
  });

  it('tells the formats of guest tables apart', () => {
    const of = (cr4Pae: boolean, eferLma: boolean, cr4La57: boolean): unknown => {
      const regs = { ...ALL[0], cr0Pg: true, cr4Pae, eferLma, cr4La57 };
      const { level, has4ByteGpte } = rootRole(regs, SHADOW);
      return [calcCpuRole(regs, X86_LEVELS).base.level, level, has4ByteGpte];
    };
    expect(of(false, false, false)).toEqual([2, 3, true]);
    expect(of(true, false, false)).toEqual([3, 3, false]);
    expect(of(true, true, false)).toEqual([4, 4, false]);
    expect(of(true, true, true)).toEqual([5, 5, false]);
  });
});

describe('the role of a child', () => {
  it('differs from the root role in level, access and what is direct or passthrough, and in nothing else', () => {
    for (const regs of ALL) {
      for (const host of [TDP, SHADOW]) {
        const root = rootRole(regs, host);
        for (let role = root; role.level > 1; ) {
          role = childRole(role, root.direct, role.access & 5);
          const { level, access, direct, passthrough } = root;
          expect(sameRole({ ...role, level, access, direct, passthrough }, root)).toBe(true);
        }
      }
    }
  });
});

describe('the CPU role', () => {
  it('is a function of the registers: equal exactly if no register that counts differs', () => {
    for (const regs of PAGING) {
      const role = calcCpuRole(regs, X86_LEVELS);
      expect(sameCpuRole(role, calcCpuRole({ ...regs }, X86_LEVELS))).toBe(true);
      for (const bit of ['cr0Wp', 'cr4Pse', 'cr4Smep', 'cr4Smap', 'eferNx', 'smm', 'guestMode'] as const) {
        expect(sameCpuRole(role, calcCpuRole({ ...regs, [bit]: !regs[bit] }, X86_LEVELS))).toBe(false);
      }
      for (const bit of ['cr4Pke', 'cr4La57'] as const) {
        const other = calcCpuRole({ ...regs, [bit]: !regs[bit] }, X86_LEVELS);
        expect(sameCpuRole(role, other)).toBe(!regs.eferLma);
      }
    }
  });

  it('is never that of an MMU that was not initialised', () => {
    for (const regs of ALL) expect(sameCpuRole(calcCpuRole(regs, X86_LEVELS), INVALID_CPU_ROLE)).toBe(false);
  });
});

describe('the roles of nested paging', () => {
  it('do not depend on CR0.WP and PKE of L1 under NPT', () => {
    for (const regs of PAGING) {
      for (const bit of ['cr0Wp', 'cr4Pke'] as const) {
        const other = calcShadowNptRoles({ ...regs, [bit]: !regs[bit] }, TDP);
        expect(sameRole(calcShadowNptRoles(regs, TDP).rootRole, other.rootRole)).toBe(true);
        expect(sameCpuRole(calcShadowNptRoles(regs, TDP).cpuRole, other.cpuRole)).toBe(true);
      }
    }
  });

  it('have a passthrough root where the host has five levels and L1 four', () => {
    const l1 = { ...ALL[0], cr0Pg: true, cr4Pae: true, eferLma: true };
    const host = { ...TDP, tdpLevel: 5 };
    expect(calcShadowNptRoles(l1, host).rootRole).toMatchObject({ level: 5, passthrough: true });
    expect(calcShadowNptRoles({ ...l1, cr4La57: true }, host).rootRole.passthrough).toBe(false);
    expect(calcShadowNptRoles(l1, TDP).rootRole).toMatchObject({ level: 4, passthrough: false });
  });

  it('depend on no register but SMM under EPT', () => {
    const format = { level: 4, accessedDirty: true, execonly: true };
    for (const regs of ALL) {
      const { rootRole: role } = calcShadowEptRoles(calcCpuRole(regs, X86_LEVELS), format);
      const plain = calcCpuRole({ ...ALL[0], smm: regs.smm }, X86_LEVELS);
      expect(sameRole(role, calcShadowEptRoles(plain, format).rootRole)).toBe(true);
    }
  });

  it('keep exec-only tables out of the role of a page', () => {
    const format = { level: 4, accessedDirty: true, execonly: false };
    const l1 = calcCpuRole(ALL[0], X86_LEVELS);
    const without = calcShadowEptRoles(l1, format);
    const having = calcShadowEptRoles(l1, { ...format, execonly: true });
    expect(sameRole(without.rootRole, having.rootRole)).toBe(true);
    expect(sameCpuRole(without.cpuRole, having.cpuRole)).toBe(false);
  });
});
