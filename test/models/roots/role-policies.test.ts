import { choiceAt, readOnce, type Proposal, type Site, type Steps } from 'fencepost';
import fc from 'fast-check';
import { calcRoles, CURRENT, isValidRoot, roleRegs, sameRole, type ShadowRoleRepairs } from 'fencepost/mmu';
import {
  X86_CR0_PG,
  X86_CR0_WP,
  X86_CR4_PCIDE,
  X86_CR4_PGE,
  X86_CR4_SMEP,
  type InvpcidType,
} from 'fencepost/x86';
import { describe, expect, it } from 'vitest';
import { guestOperation } from '../../../models/roots/guest-operation.ts';
import { kvmInitMmu, kvmMmuUpdateRoot } from '../../../models/roots/init-mmu.ts';
import { KVM_REQ_MMU_UPDATE_ROOT, type Vcpu } from '../../../models/vm/kvm.ts';
import { kvmMmuReload } from '../../../models/roots/load-root.ts';
import { ROLE_POLICIES } from '../../../models/proposals/roles.ts';
import { versions } from '../../../models/proposals/versions/index.ts';
import { enterSmm, leaveSmm } from '../../../models/roots/registers.ts';
import { shadowRoleNx, shadowRolePse } from '../../../models/sites/roles.ts';
import { tdpRootLastPut } from '../../../models/sites/roots.ts';
import { tdpMmuOf } from '../../../models/tdp/tdp-mmu.ts';
import { archOf, SMALL_SHADOW_HOST } from '../../../models/vm/vcpu.ts';
import {
  CR3_A,
  CR3_B,
  LEGACY_HOST,
  pagingWorld,
  registersOf,
  runVcpu,
  TDP_HOST,
} from '../../support/paging-world.ts';

type Act =
  | { do: 'cr0' | 'cr4'; bit: number }
  | { do: 'cr3'; value: number; noflush: boolean }
  | { do: 'invpcid'; type: InvpcidType; pcid: number }
  | { do: 'invlpg' | 'smi' };

const anAct: fc.Arbitrary<Act> = fc.oneof(
  fc.record({ do: fc.constant('cr0' as const), bit: fc.constantFrom(X86_CR0_WP, X86_CR0_PG) }),
  fc.record({
    do: fc.constant('cr4' as const),
    bit: fc.constantFrom(X86_CR4_PCIDE, X86_CR4_PGE, X86_CR4_SMEP),
  }),
  fc.record({
    do: fc.constant('cr3' as const),
    value: fc.constantFrom(CR3_A, CR3_B, CR3_A | 1, CR3_B | 1),
    noflush: fc.boolean(),
  }),
  fc.record({
    do: fc.constant('invpcid' as const),
    type: fc.constantFrom<InvpcidType>(0, 1, 2, 3),
    pcid: fc.nat(1),
  }),
  fc.record({ do: fc.constantFrom('invlpg' as const, 'smi' as const) }),
);

/** One act, and the part of the guest entry after it that decides which root is loaded. */
function* perform(vcpu: Vcpu, act: Act): Steps {
  const { registers } = yield* archOf(vcpu);
  if (act.do === 'cr0') yield* guestOperation(vcpu, { op: 'mov-cr0', value: registers.cr0 ^ act.bit });
  else if (act.do === 'cr4') yield* guestOperation(vcpu, { op: 'mov-cr4', value: registers.cr4 ^ act.bit });
  else if (act.do === 'cr3')
    yield* guestOperation(vcpu, { op: 'mov-cr3', value: act.value, noflush: act.noflush });
  else if (act.do === 'invpcid')
    yield* guestOperation(vcpu, { op: 'invpcid', type: act.type, pcid: act.pcid, page: 0 });
  else if (act.do === 'invlpg') yield* guestOperation(vcpu, { op: 'invlpg', page: 0 });
  else {
    yield* enterSmm(vcpu);
    yield* serveUpdateRoot(vcpu);
    yield* kvmMmuReload(vcpu);
    yield* leaveSmm(vcpu);
  }
  yield* serveUpdateRoot(vcpu);
  yield* kvmMmuReload(vcpu);
}

function* serveUpdateRoot(vcpu: Vcpu): Steps {
  const { value } = yield* readOnce(vcpu.requests);
  if ((value & (1 << KVM_REQ_MMU_UPDATE_ROOT)) !== 0) yield* kvmMmuUpdateRoot(vcpu);
}

function repairsOf({ choices }: Proposal): ShadowRoleRepairs {
  const isRepaired = (site: Site): boolean => choices[site.name] === 'of the guest';
  return { eferNx: isRepaired(shadowRoleNx), cr4Pse: isRepaired(shadowRolePse) };
}

describe.each([versions['v5.14'], ...ROLE_POLICIES])('$name', (proposal) => {
  it.each([SMALL_SHADOW_HOST, LEGACY_HOST, TDP_HOST])('keeps roles, roots and references in step', (host) => {
    fc.assert(
      fc.property(fc.array(anAct, { maxLength: 8 }), (acts) => {
        const kvm = pagingWorld(host, registersOf());
        const [vcpu] = kvm.vcpus;
        const { arch, run } = runVcpu(
          kvm,
          function* () {
            yield* kvmInitMmu(vcpu);
            yield* kvmMmuReload(vcpu);
            for (const act of acts) yield* perform(vcpu, act);
          },
          proposal,
        );
        const { cache, rootRole } = arch.root_mmu;
        const regs = roleRegs(arch.registers, arch.mode);
        const { rootRole: expected } = calcRoles(regs, host, repairsOf(proposal));
        expect(sameRole(rootRole, expected)).toBe(true);
        // The root that the guest runs on has the role of now, and shadows the table of now.
        const current = cache.roots[CURRENT];
        expect(current.role !== undefined && sameRole(current.role, rootRole)).toBe(true);
        const users = (id: number): number => cache.roots.filter(({ hpa }) => hpa === id).length;
        const tdp = tdpMmuOf(kvm);
        if (tdp === undefined) {
          const page = run.state(kvm.mmuLock).pages.find(({ id }) => id === current.hpa);
          expect(page?.gfn).toBe(rootRole.direct ? 0 : arch.registers.cr3 >> 12);
          // Each slot of the cache holds one reference to its page, and nobody else does.
          for (const { id, rootCount } of run.state(kvm.mmuLock).pages) expect(rootCount).toBe(users(id));
        } else {
          // From v6.4 on the TDP MMU has a reference of its own.
          const own = choiceAt(proposal, tdpRootLastPut) === 'keep' ? 1 : 0;
          for (let root = run.value(tdp.roots.next(0)); root !== 0; root = run.value(tdp.roots.next(root)))
            expect(run.value(tdp.roots.count(root))).toBe(users(root) + own);
        }
        expect(cache.roots.filter(isValidRoot).length).toBeLessThanOrEqual(4);
      }),
      { numRuns: 60 },
    );
  });
});
