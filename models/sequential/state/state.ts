/** What is between two operations, and when two of it are one: nothing tells vCPUs apart but what they have done. */
import mapValues from 'lodash-es/mapValues.js';
import { guardedBy, localOf, type Concrete, type Location } from 'fencepost';
import type { MmuState } from 'fencepost/mmu';
import type { MayHold, Processor } from 'fencepost/x86';
import type { Kvm } from '../../vm/kvm.ts';
import type { VcpuArch } from '../../vm/vcpu.ts';
import {
  renumberArch,
  renumberHeld,
  renumbering,
  renumberMmu,
  renumberWords,
  type Renumbering,
} from './compact.ts';
import { withoutPastGenerations } from './generation.ts';
import type { HeldFrames } from '../hardware/held-frames.ts';
import type { Identities } from './identities.ts';
import type { KeptRoots } from '../hardware/kept-roots.ts';
import { renumberReal, type SecondLevel } from '../nested/held.ts';
import type { Remembered } from './remembered.ts';

/** One vCPU between two operations. */
export interface VcpuState {
  readonly arch: VcpuArch;
  /** What the architecture allows. */
  readonly processor: Processor;
  readonly kept: KeptRoots;
  /** What the hardware may hold of what KVM gave it. */
  readonly hardware: MayHold;
  /** Both where L1 has guests of its own. */
  readonly secondLevel: SecondLevel;
  /** What it may hold of second-level tables. */
  readonly frames: HeldFrames;
}

/** Between two operations; never changed in place. What is equal in two states is the same object. */
export interface GuestState {
  /** Words that are not as they were at first. */
  readonly words: ReadonlyMap<Location, number>;
  readonly mmu: MmuState;
  readonly vcpus: readonly VcpuState[];
}

/** The same while an operation happens. */
interface Happening {
  readonly concrete: Concrete;
  readonly processors: readonly Processor[];
  readonly kept: readonly KeptRoots[];
  readonly hardware: readonly MayHold[];
  readonly secondLevel: readonly SecondLevel[];
  readonly frames: readonly HeldFrames[];
}

export function settled(kvm: Kvm, remembered: Remembered, happening: Happening): GuestState {
  const { identities } = remembered;
  const { concrete, processors, kept, hardware, secondLevel, frames } = happening;
  const mmu = guardedBy(concrete, kvm.mmuLock);
  const to = renumbering(mmu);
  const vcpus = kvm.vcpus.map(({ id, arch }) => {
    const own = localOf(concrete, arch);
    const isRenumbered = to !== undefined && !kvm.host.tdpEnabled;
    const parts: VcpuState = {
      arch: identities.same(to === undefined ? own : renumberArch(to, own)),
      processor: remembered.sameProcessor(processors[id]),
      kept: identities.same(kept[id]),
      hardware: remembered.sameHeld(isRenumbered ? renumberHeld(to, hardware[id]) : hardware[id]),
      secondLevel: sameSecondLevel(remembered, to, secondLevel[id], isRenumbered),
      frames: identities.same(frames[id]),
    };
    const numbers = Object.values(parts).map((part: object) => identities.numberOf(part));
    return identities.same(parts, () => `vcpu ${numbers.join()}`);
  });
  const words = to === undefined ? concrete.words : renumberWords(to, kvm, mmu, concrete.words);
  return {
    words: sameWords(identities, withoutPastGenerations(kvm, words)),
    mmu: identities.same(to === undefined ? mmu : renumberMmu(to, mmu)),
    vcpus,
  };
}

function sameSecondLevel(
  remembered: Remembered,
  to: Renumbering | undefined,
  { l2, allowed, kept, real, aside }: SecondLevel,
  isShadowed: boolean,
): SecondLevel {
  const { identities } = remembered;
  const parts = {
    l2,
    allowed: remembered.sameHeld(allowed),
    real: remembered.sameHeld(to === undefined ? real : renumberReal(to, real)),
    aside: {
      allowed: mapValues(aside.allowed, (held) => remembered.sameHeld(held)),
      real: remembered.sameHeld(to !== undefined && isShadowed ? renumberHeld(to, aside.real) : aside.real),
    },
  };
  const numbers = [parts.allowed, parts.real, parts.aside.real].map((held) => identities.numberOf(held));
  const byVpid = Object.entries(parts.aside.allowed).map(([vpid, held]) => [vpid, identities.numberOf(held)]);
  const text = (): string =>
    `second level ${JSON.stringify(l2)} ${numbers.join()} ${byVpid.join()} ${kept.join()}`;
  return identities.same({ ...parts, kept }, text);
}

function sameWords(
  identities: Identities,
  words: ReadonlyMap<Location, number>,
): ReadonlyMap<Location, number> {
  const changed = [...words].filter(([location, value]) => value !== location.initial);
  changed.sort(([a], [b]) => a.id - b.id);
  const text = (): string => `words ${changed.map(([{ id }, value]) => `${id}=${value}`).join(' ')}`;
  return identities.same(new Map(changed), text);
}

/** Equal for states from which the same can happen; `exchangeVcpus`: also where vCPUs have changed places. */
export function keyOf(
  { identities }: Remembered,
  { words, mmu, vcpus }: GuestState,
  exchangeVcpus = true,
): string {
  const numbers = vcpus.map((vcpu) => identities.numberOf(vcpu));
  if (exchangeVcpus) numbers.sort((a, b) => a - b);
  return [identities.numberOf(words), identities.numberOf(mmu), ...numbers].join(' ');
}
