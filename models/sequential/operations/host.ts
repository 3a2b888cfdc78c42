/** What userspace and the host do to the VM at any time. */
import type { Steps } from 'fencepost';
import { kvmGetDirtyLogProtect } from '../../dirty-log/get-dirty-log.ts';
import type { Kvm } from '../../vm/kvm.ts';
import {
  kvmCreateMemslot,
  kvmDeleteMemslot,
  kvmMoveMemslot,
  kvmUpdateFlagsMemslot,
} from '../../memslots/set-memslot.ts';
import { invalidateFrame } from '../../zap/unmap-gfn.ts';
import { kvmMmuZapAllFast } from '../../zap/zap-all-fast.ts';
import { mmuShrinkScan, unprotectPage } from '../../zap/zap.ts';
import type { GuestWorld, HostOperation } from '../worlds/world.ts';
import type { GuestRun } from '../run.ts';
import { judgeInvalidated } from '../judge/invalidated.ts';
import {
  hasSlot,
  isLogging,
  judgeCreated,
  judgeDeleted,
  judgeFlags,
  judgeHarvest,
  judgeZapped,
} from '../judge/userspace.ts';
import type { GuestOperation } from './operation.ts';

interface HostPath {
  readonly path: (kvm: Kvm, gfn: number) => Steps<unknown>;
  /** Frames that it can be about; missing: it is about the VM. */
  readonly frames?: (world: GuestWorld) => readonly number[];
  /** Missing: always. */
  readonly isPossible?: (run: GuestRun, gfn: number) => boolean;
  /** What must hold as soon as it is over. */
  readonly judge?: (run: GuestRun, gfn: number, result: unknown) => void;
}

const slotFrames = ({ start }: GuestWorld): readonly number[] => start.slots?.frames ?? [];

/** Where a memslot is moved to. */
function otherFrame({ slots }: Kvm, gfn: number): number {
  return slots?.frames.find((frame) => frame !== gfn) ?? 0;
}

const HOST_PATHS: Readonly<Record<HostOperation, HostPath>> = {
  mmu_shrink_scan: { path: (kvm) => mmuShrinkScan(kvm, 1) },
  kvm_mmu_unprotect_page: {
    path: unprotectPage,
    frames: ({ alphabet }) => alphabet.stores.map(({ gfn }) => gfn),
  },
  kvm_mmu_zap_all_fast: { path: kvmMmuZapAllFast, judge: judgeZapped },
  invalidate_range_start: { path: invalidateFrame, frames: slotFrames, judge: judgeInvalidated },
  kvm_create_memslot: {
    path: kvmCreateMemslot,
    frames: slotFrames,
    isPossible: (run, gfn) => !hasSlot(run, gfn),
    judge: judgeCreated,
  },
  kvm_update_flags_memslot: { path: kvmUpdateFlagsMemslot, judge: judgeFlags },
  kvm_get_dirty_log_protect: {
    path: kvmGetDirtyLogProtect,
    isPossible: isLogging,
    judge: (run, _, mask) => judgeHarvest(run, mask),
  },
  kvm_delete_memslot: {
    path: kvmDeleteMemslot,
    frames: slotFrames,
    isPossible: hasSlot,
    judge: judgeDeleted,
  },
  kvm_move_memslot: {
    path: (kvm, gfn) => kvmMoveMemslot(kvm, gfn, otherFrame(kvm, gfn)),
    frames: slotFrames,
    isPossible: (run, gfn) => hasSlot(run, gfn) && !hasSlot(run, otherFrame(run.setting.kvm, gfn)),
    judge: (run, gfn) => {
      judgeDeleted(run, gfn);
      judgeCreated(run, otherFrame(run.setting.kvm, gfn));
    },
  },
};

type Host = Extract<GuestOperation, { kind: 'host' }>;

/** What the world has the host do, of each frame that it can be about; frame 0 where it is about none. */
export function* hostOperations(world: GuestWorld): Iterable<Host> {
  for (const what of world.alphabet.host) {
    const frames = HOST_PATHS[what].frames?.(world) ?? [0];
    for (const gfn of new Set(frames)) yield { kind: 'host', what, gfn };
  }
}

/** False: it is not possible now. */
export function performHost(run: GuestRun, operation: Host): boolean {
  const { path, isPossible, judge } = HOST_PATHS[operation.what];
  if (isPossible?.(run, operation.gfn) === false) return false;
  const result = run.run(0, JSON.stringify(operation), () => path(run.setting.kvm, operation.gfn));
  judge?.(run, operation.gfn, result);
  return true;
}
