/**
 * L2 as L1 may believe it (KVM-MMU.md D4, D5): what the hardware may make of KVM's second-level tables must be
 * among the guest-physical mappings that L1's processor may hold of L1's tables; for L1 every frame is its own.
 */
import { findPage, isTdpMmuPage } from 'fencepost/mmu';
import { unpackHeld, usableTranslations, type SecondLevelKind } from 'fencepost/x86';
import type { GuestRun } from '../run.ts';
import { Violated } from '../judge/violated.ts';
import { nestedRoot } from './fill.ts';
import { judgeProtection } from './protection.ts';
import type { NestedSetting } from './setting.ts';

const KINDS: readonly SecondLevelKind[] = ['read', 'write', 'fetch'];

export function judgeSecondLevel(run: GuestRun, vcpu: number): void {
  const { kvm, nested } = run.setting;
  if (nested === undefined || !kvm.host.tdpEnabled) return;
  if (run.hasChangedTables) judgeProtection(run);
  if (nested.vendor === 'vmx') judgeTags(run, vcpu);
  const { hardwareRoot } = run.arch(vcpu);
  const { real } = run.secondLevel[vcpu];
  const tag = nested.tables.tagOfReal(hardwareRoot);
  for (const page of nested.watched) {
    for (const { frame, access } of usableTranslations(real, nested.watched, page, tag)) {
      for (const kind of KINDS) {
        if (!nested.tables.permits(access, kind)) continue;
        if (isAllowed(run, vcpu, nested, page, kind, frame)) continue;
        const level = run.secondLevel[vcpu].l2 === null ? 'L1' : 'L2';
        const where = kvm.guest.nameOf(frame);
        const message = `vCPU ${vcpu} may complete a ${kind} of page ${page} of ${level} in ${where}`;
        throw new Violated('guest-translation-allowed', `${message}, which the architecture forbids`);
      }
    }
  }
}

function isAllowed(
  run: GuestRun,
  vcpu: number,
  { tables, watched }: NestedSetting,
  page: number,
  kind: SecondLevelKind,
  frame: number,
): boolean {
  const root = nestedRoot(run, vcpu);
  if (root === undefined) return frame === page;
  const { allowed } = run.secondLevel[vcpu];
  return usableTranslations(allowed, watched, page, tables.tagOf(root)).some(
    (each) => each.frame === frame && tables.permits(each.access, kind),
  );
}

/** The address of a root that was freed may be that of another root soon. */
function judgeTags(run: GuestRun, vcpu: number): void {
  const { translations, structures } = run.secondLevel[vcpu].real;
  for (const { tag } of [...translations, ...structures].map(unpackHeld)) {
    if (isTdpMmuPage(tag) || findPage(run.mmu, tag) !== undefined) continue;
    const message = `vCPU ${vcpu} may hold what was made through the root sp${tag}, which was freed`;
    throw new Violated('no-use-after-free', message);
  }
}

/** R2: L1 gets exactly the exit that a walk of its tables gives now. */
export function judgeExit(
  run: GuestRun,
  vcpu: number,
  page: number,
  kind: SecondLevelKind,
  given: string,
): void {
  const { nested } = run.setting;
  const root = nestedRoot(run, vcpu);
  if (nested === undefined || root === undefined) return;
  const right = nested.tables.exit(root, page, kind, run.readGuest);
  if (right === given) return;
  const what = `L1 gets ${given} for a ${kind} of page ${page} of L2`;
  const instead = right === undefined ? 'but its tables let it through' : `which should be ${right}`;
  throw new Violated('fault-justified', `${what}, ${instead}`);
}
