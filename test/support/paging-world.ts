/** A guest with two address spaces in small, on a vCPU that shadows them, or on a host with TDP. */
import { readLocal, type Proposal, type Steps } from 'fencepost';
import { encodeGuestPte, TABLE_ENTRIES, TdpTree, type MmuHost } from 'fencepost/mmu';
import { inPagingMode, X86_CR0_WP, type PagingMode, type Registers } from 'fencepost/x86';
import { Kvm, type KvmStart } from '../../models/vm/kvm.ts';
import { versions } from '../../models/proposals/versions/index.ts';
import { SMALL_SHADOW_HOST, vcpuArch, type VcpuArch } from '../../models/vm/vcpu.ts';
import { runKvm, type KvmRun } from './kvm.ts';

export const PGD_A = 1;
export const PGD_B = 2;
export const TABLE = 3;
export const DATA = 4;

export const CR3_A = PGD_A << 12;
export const CR3_B = PGD_B << 12;

export const TDP_HOST: MmuHost = { ...SMALL_SHADOW_HOST, tdpEnabled: true, tdpMmuEnabled: true };
export const LEGACY_HOST: MmuHost = { ...TDP_HOST, tdpMmuEnabled: false };

/** The first root of the TDP MMU. */
export const TDP_ROOT = new TdpTree(TABLE_ENTRIES, TDP_HOST.tdpLevel).root(0);

export function registersOf(mode: PagingMode = '4-level', more: Partial<Registers> = {}): Registers {
  const registers = inPagingMode(mode);
  return { ...registers, cr0: registers.cr0 | X86_CR0_WP, cr3: CR3_A, ...more };
}

export function pagingWorld(
  host: MmuHost = SMALL_SHADOW_HOST,
  registers: Registers = registersOf(),
  more: Partial<KvmStart> = {},
): Kvm {
  return new Kvm({
    vcpus: 1,
    guestRoot: PGD_A,
    guestPages: [
      { gfn: PGD_A, name: 'pgd_a', entries: { 0: encodeGuestPte({ frame: TABLE }) } },
      { gfn: PGD_B, name: 'pgd_b', entries: { 0: encodeGuestPte({ frame: TABLE }) } },
      { gfn: TABLE, name: 'table', entries: { 0: encodeGuestPte({ frame: DATA, writable: true }) } },
      { gfn: DATA, name: 'data' },
    ],
    host,
    arch: vcpuArch(host, registers),
    ...more,
  });
}

export interface VcpuRun extends KvmRun {
  readonly arch: VcpuArch;
}

/** Runs steps on the first vCPU, and gives what it keeps for itself at the end. */
export function runVcpu(kvm: Kvm, body: () => Steps, proposal: Proposal = versions['v7.1']): VcpuRun {
  let arch: VcpuArch | undefined;
  const thread = function* (): Steps {
    yield* body();
    arch = yield* readLocal(kvm.vcpus[0].arch);
  };
  const run = runKvm(kvm, [thread], proposal);
  if (arch === undefined) throw new Error(`the vCPU did not end: ${run.run.ending(0).status}`);
  return { ...run, arch };
}
