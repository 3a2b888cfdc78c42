import { type Proposal, type Steps } from 'fencepost';
import {
  calcRoles,
  CURRENT,
  INVALID_PAGE,
  roleRegs,
  sameCpuRole,
  sameRole,
  type MmuHost,
} from 'fencepost/mmu';
import { X86_CR0_PG, X86_CR0_WP, X86_CR4_PCIDE, X86_CR4_PGE, X86_CR4_SMEP } from 'fencepost/x86';
import { describe, expect, it } from 'vitest';
import { guestOperation } from '../../../models/roots/guest-operation.ts';
import { kvmVcpuFlushTlbGuest } from '../../../models/roots/guest-flush.ts';
import { permissionRole } from '../../../models/roots/init-mmu.ts';
import {
  KVM_REQ_MMU_SYNC,
  KVM_REQ_TLB_FLUSH_CURRENT,
  KVM_REQ_TLB_FLUSH_GUEST,
  type Vcpu,
} from '../../../models/vm/kvm.ts';
import { kvmMmuReload } from '../../../models/roots/load-root.ts';
import {
  enterNestedVmx,
  exitNestedVmx,
  handleInvept,
  type NestedEntry,
} from '../../../models/nested/nested.ts';
import * as proposals from '../../../models/proposals/roles.ts';
import { versions } from '../../../models/proposals/versions/index.ts';
import { enterSmm, kvmSetSregs, kvmVcpuReset, leaveSmm } from '../../../models/roots/registers.ts';
import { SMALL_SHADOW_HOST, type VcpuArch } from '../../../models/vm/vcpu.ts';
import {
  CR3_A,
  CR3_B,
  LEGACY_HOST,
  pagingWorld,
  registersOf,
  runVcpu,
  TDP_HOST,
  TDP_ROOT,
  type VcpuRun,
} from '../../support/paging-world.ts';

const BASE = registersOf();
const WITH_PCID = registersOf('4-level', { cr4: BASE.cr4 | X86_CR4_PCIDE });

interface Outcome extends VcpuRun {
  readonly requests: number;
}

function runOn(
  host: MmuHost,
  body: (vcpu: Vcpu) => Steps,
  proposal: Proposal = versions['v7.1'],
  registers = BASE,
): Outcome {
  const kvm = pagingWorld(host, registers);
  const [vcpu] = kvm.vcpus;
  const run = runVcpu(
    kvm,
    function* () {
      yield* kvmMmuReload(vcpu);
      yield* body(vcpu);
    },
    proposal,
  );
  return { ...run, requests: run.run.value(vcpu.requests) };
}

function* movCr0(vcpu: Vcpu, value: number): Steps {
  yield* guestOperation(vcpu, { op: 'mov-cr0', value });
}

function* movCr3(vcpu: Vcpu, value: number, noflush = false): Steps {
  yield* guestOperation(vcpu, { op: 'mov-cr3', value, noflush });
  yield* kvmMmuReload(vcpu);
}

function roots({ root_mmu: { cache } }: VcpuArch): readonly number[] {
  return cache.roots.map(({ hpa }) => hpa);
}

const NONE = [INVALID_PAGE, INVALID_PAGE, INVALID_PAGE, INVALID_PAGE];
const KEPT = [0, INVALID_PAGE, INVALID_PAGE, INVALID_PAGE];
const TDP_KEPT = [TDP_ROOT, INVALID_PAGE, INVALID_PAGE, INVALID_PAGE];

describe('a toggle of CR0.WP', () => {
  const toggled = BASE.cr0 & ~X86_CR0_WP;
  const toggle = (host: MmuHost, proposal?: Proposal): Outcome =>
    runOn(host, (vcpu) => movCr0(vcpu, toggled), proposal);

  it('keeps the roots under TDP from v6.4 on, and never under shadow paging', () => {
    expect(roots(toggle(TDP_HOST).arch)).toEqual(TDP_KEPT);
    expect(roots(toggle(LEGACY_HOST).arch)).toEqual(KEPT);
    for (const host of [TDP_HOST, LEGACY_HOST, SMALL_SHADOW_HOST]) {
      expect(roots(toggle(host, versions['v5.15']).arch)).toEqual(NONE);
    }
    expect(roots(toggle(SMALL_SHADOW_HOST).arch)).toEqual(NONE);
  });

  it('asks for no flush', () => {
    for (const host of [TDP_HOST, SMALL_SHADOW_HOST]) expect(toggle(host).requests).toBe(0);
  });

  it.each([
    versions['v7.1'],
    proposals.cr0WpUnload,
    proposals.cr0WpDirect,
    proposals.cr0WpPermissions,
    proposals.cr0WpGuestOwned,
  ])('$name: permissions are those of the registers when they are used', (proposal) => {
    for (const host of [TDP_HOST, SMALL_SHADOW_HOST]) {
      const { arch } = runOn(
        host,
        function* (vcpu) {
          yield* movCr0(vcpu, toggled);
          yield* permissionRole(vcpu);
        },
        proposal,
      );
      const { cpuRole } = calcRoles(roleRegs(arch.registers, arch.mode), host);
      expect(sameCpuRole(arch.root_mmu.permissions, cpuRole)).toBe(true);
    }
  });

  it('leaves old permissions where the guest owns CR0.WP and nobody refreshes', () => {
    const { arch } = runOn(
      TDP_HOST,
      function* (vcpu) {
        yield* movCr0(vcpu, toggled);
        yield* permissionRole(vcpu);
      },
      proposals.cr0WpNotRefreshed,
    );
    expect(arch.root_mmu.permissions.base.cr0Wp).toBe(true);
  });

  it('leaves a root of the other role in place if the short cut is for every role', () => {
    const { root_mmu: mmu } = toggle(SMALL_SHADOW_HOST, proposals.cr0WpForShadow).arch;
    const { role } = mmu.cache.roots[CURRENT];
    expect(role !== undefined && sameRole(role, mmu.rootRole)).toBe(false);
  });

  it('unloads together with CR0.PG, except in a kernel that looks at WP alone', () => {
    const off = BASE.cr0 & ~(X86_CR0_WP | X86_CR0_PG);
    const right = runOn(TDP_HOST, (vcpu) => movCr0(vcpu, off));
    const wrong = runOn(TDP_HOST, (vcpu) => movCr0(vcpu, off), proposals.cr0WpWithOthers);
    expect([right, wrong].map(({ requests }) => requests)).toEqual([1 << KVM_REQ_TLB_FLUSH_GUEST, 0]);
  });
});

describe('CR0.PG 1 -> 0', () => {
  const clear = (proposal?: Proposal): Outcome =>
    runOn(SMALL_SHADOW_HOST, (vcpu) => movCr0(vcpu, BASE.cr0 & ~X86_CR0_PG), proposal);

  it('unloads and asks for a guest flush; until v5.17 it only unloads', () => {
    expect(clear().requests).toBe(1 << KVM_REQ_TLB_FLUSH_GUEST);
    expect(clear(versions['v5.15']).requests).toBe(0);
    for (const proposal of [versions['v5.15'], versions['v7.1']]) {
      expect(roots(clear(proposal).arch)).toEqual(NONE);
    }
  });

  it('leaves the root of the paging mode among the previous ones where roles change by new_pgd', () => {
    const back = (proposal: Proposal): readonly number[] =>
      roots(
        runOn(
          SMALL_SHADOW_HOST,
          function* (vcpu) {
            yield* movCr0(vcpu, BASE.cr0 & ~X86_CR0_PG);
            yield* kvmMmuReload(vcpu);
            yield* movCr0(vcpu, BASE.cr0);
          },
          proposal,
        ).arch,
      );
    expect(back(proposals.pgClearFlushesCurrent).slice(0, 2)).toEqual([0, 1]);
    expect(back(proposals.roleChangeNewPgd)[CURRENT]).toBe(INVALID_PAGE);
  });
});

describe('writes to CR4', () => {
  const movCr4 = (host: MmuHost, value: number, proposal?: Proposal, registers = BASE): Outcome =>
    runOn(
      host,
      function* (vcpu) {
        yield* guestOperation(vcpu, { op: 'mov-cr4', value });
      },
      proposal,
      registers,
    );

  it('unload shadow roots when PCIDE is set, and flush when it is cleared', () => {
    const set = WITH_PCID.cr4;
    expect(roots(movCr4(SMALL_SHADOW_HOST, set).arch)).toEqual(NONE);
    expect(roots(movCr4(TDP_HOST, set).arch)).toEqual(TDP_KEPT);
    expect(roots(movCr4(SMALL_SHADOW_HOST, set, proposals.pcideSetKeepsRoots).arch)).toEqual(KEPT);
    const cleared = movCr4(SMALL_SHADOW_HOST, BASE.cr4, undefined, WITH_PCID);
    expect(cleared.requests).toBe(1 << KVM_REQ_TLB_FLUSH_GUEST);
  });

  it('flush the guest for PGE, and the current context for SMEP', () => {
    expect(movCr4(SMALL_SHADOW_HOST, BASE.cr4 | X86_CR4_PGE).requests).toBe(1 << KVM_REQ_TLB_FLUSH_GUEST);
    expect(movCr4(SMALL_SHADOW_HOST, BASE.cr4 | X86_CR4_SMEP).requests).toBe(1 << KVM_REQ_TLB_FLUSH_CURRENT);
  });
});

describe('MOV CR3', () => {
  const PCID = 1;
  const there = (proposal?: Proposal): Outcome =>
    runOn(
      SMALL_SHADOW_HOST,
      function* (vcpu) {
        yield* movCr3(vcpu, CR3_A | PCID);
        yield* movCr3(vcpu, CR3_B | PCID);
      },
      proposal,
      WITH_PCID,
    );

  it('that flushes frees the cached roots of the PCID, except with C13', () => {
    // One table under two PCIDs is one shadow page, in two slots.
    expect(roots(there().arch)).toEqual([1, INVALID_PAGE, 0, INVALID_PAGE]);
    expect(roots(there(proposals.c13).arch)).toEqual([1, 0, 0, INVALID_PAGE]);
    expect(there().requests & (1 << KVM_REQ_MMU_SYNC)).not.toBe(0);
  });

  it.each([proposals.needSyncRoots, proposals.unsyncRootsArray, proposals.bit63Roots])(
    '$name: keeps them, and asks for sync and flush when one is used again',
    (proposal) => {
      const back = (which: Proposal): Outcome =>
        runOn(
          SMALL_SHADOW_HOST,
          function* (vcpu) {
            yield* movCr3(vcpu, CR3_A | PCID, true);
            yield* movCr3(vcpu, CR3_B, true);
            yield* guestOperation(vcpu, { op: 'invpcid', type: 1, pcid: PCID, page: 0 });
            yield* movCr3(vcpu, CR3_A | PCID, true);
          },
          which,
          WITH_PCID,
        );
      const asked = (1 << KVM_REQ_MMU_SYNC) | (1 << KVM_REQ_TLB_FLUSH_CURRENT);
      const right = back(proposal);
      expect(right.requests & asked).toBe(asked);
      const opened = (name: string): boolean => right.log().some((line) => line.startsWith(name));
      expect(opened('mmu_free_root_page')).toBe(false);
      expect(back(versions['v7.1']).requests & asked).toBe(0);
    },
  );

  it('loses the flag where the rotation forgets it, or NOFLUSH stays in the pgd', () => {
    for (const proposal of [
      ...proposals.flagLostInRotation,
      proposals.noflushInPgd,
      proposals.flagNotServed,
    ]) {
      const { requests } = runOn(
        SMALL_SHADOW_HOST,
        function* (vcpu) {
          yield* movCr3(vcpu, CR3_A | PCID, true);
          yield* movCr3(vcpu, CR3_B, true);
          yield* guestOperation(vcpu, { op: 'invpcid', type: 1, pcid: PCID, page: 0 });
          yield* movCr3(vcpu, CR3_A | PCID, true);
        },
        proposal,
        WITH_PCID,
      );
      expect(requests & (1 << KVM_REQ_MMU_SYNC)).toBe(0);
    }
  });

  it('needs no exit under TDP', () => {
    const { arch, requests } = runOn(TDP_HOST, (vcpu) => movCr3(vcpu, CR3_B));
    expect([arch.registers.cr3, roots(arch), requests]).toEqual([CR3_B, TDP_KEPT, 0]);
  });
});

describe('a guest TLB flush', () => {
  it('frees no previous root that is in sync, except until v5.15', () => {
    const flushed = (proposal?: Proposal): readonly number[] =>
      roots(
        runOn(
          SMALL_SHADOW_HOST,
          function* (vcpu) {
            yield* movCr3(vcpu, CR3_B);
            yield* kvmVcpuFlushTlbGuest(vcpu);
          },
          proposal,
        ).arch,
      );
    expect(flushed()).toEqual([1, 0, INVALID_PAGE, INVALID_PAGE]);
    expect(flushed(versions['v5.15'])).toEqual([1, INVALID_PAGE, INVALID_PAGE, INVALID_PAGE]);
  });
});

describe('other changes of mode', () => {
  it('reset the context: SMM, KVM_SET_SREGS, INIT', () => {
    const bodies: ((vcpu: Vcpu) => Steps)[] = [
      enterSmm,
      (vcpu) => kvmSetSregs(vcpu, { ...BASE, cr3: CR3_B }),
      kvmVcpuReset,
    ];
    for (const body of bodies) expect(roots(runOn(SMALL_SHADOW_HOST, body).arch)).toEqual(NONE);
  });

  it('leave SMM with the registers of before, and roles that fit', () => {
    for (const host of [TDP_HOST, SMALL_SHADOW_HOST]) {
      const { arch } = runOn(host, function* (vcpu) {
        yield* enterSmm(vcpu);
        yield* leaveSmm(vcpu);
      });
      expect(arch.registers).toEqual(BASE);
      const { cpuRole, rootRole } = calcRoles(roleRegs(arch.registers, arch.mode), host);
      expect(sameCpuRole(arch.root_mmu.cpuRole, cpuRole)).toBe(true);
      expect(sameRole(arch.root_mmu.rootRole, rootRole)).toBe(true);
    }
  });
});

describe('nested EPT', () => {
  const EPT: NestedEntry = {
    registers: BASE,
    ept: { eptp: CR3_B, level: 2, accessedDirty: true, execonly: false },
  };
  const invept = (proposal?: Proposal): Outcome =>
    runOn(
      TDP_HOST,
      function* (vcpu) {
        yield* enterNestedVmx(vcpu, EPT);
        yield* kvmMmuReload(vcpu);
        yield* exitNestedVmx(vcpu);
        yield* handleInvept(vcpu, CR3_B);
      },
      proposal,
    );

  it('has roots of its own, which a single-context INVEPT frees or flags', () => {
    const guestRoot = ({ arch }: Outcome): number => arch.guest_mmu.cache.roots[CURRENT].hpa;
    expect(guestRoot(invept())).toBe(INVALID_PAGE);
    expect(guestRoot(invept(proposals.needSyncRoots))).toBe(INVALID_PAGE);
    for (const proposal of [proposals.unsyncRootsArray, proposals.bit63Roots]) {
      expect(guestRoot(invept(proposal))).toBe(0);
    }
  });

  it('leaves the root of L1 alone', () => {
    expect(roots(invept().arch)).toEqual(TDP_KEPT);
  });
});
