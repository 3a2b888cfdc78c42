/**
 * What the processor of one vCPU may hold beside the linear translations of the level that runs (KVM-MMU.md D4): the
 * guest-physical mappings of L1's tables for L2 as the architecture allows them, those of KVM's second-level tables as
 * the hardware may have them, and the linear translations of the level that does not run.
 */
import { HOLDS_NOTHING, packHeld, unpackHeld, type MayHold, type Registers } from 'fencepost/x86';
import { GONE, numberIn, type Renumbering } from '../state/compact.ts';
import type { L2Entry } from '../worlds/world.ts';

/** Plain data. */
export interface SecondLevel {
  /** Null: L1 runs. */
  readonly l2: RunningL2 | null;
  /** By EP4TA, or by ASID. */
  readonly allowed: MayHold;
  /** Frames of L1's top tables through which the processor goes on walking; sorted. */
  readonly kept: readonly number[];
  /** By KVM's root, or by ASID. */
  readonly real: MayHold;
  readonly aside: LinearAside;
}

/** How L1 has started the L2 that runs, and what brings L1 back. */
export interface RunningL2 {
  readonly entry: L2Entry;
  readonly l1: Registers;
}

export interface LinearAside {
  /** As the architecture allows them, by VPID: 0 is that of L1. */
  readonly allowed: Readonly<Record<number, MayHold>>;
  /** As the hardware may have them, where KVM has one VPID for all that L1 may give. */
  readonly real: MayHold;
}

export const NO_SECOND_LEVEL: SecondLevel = {
  l2: null,
  allowed: HOLDS_NOTHING,
  kept: [],
  real: HOLDS_NOTHING,
  aside: { allowed: {}, real: HOLDS_NOTHING },
};

/** Tags are numbers of root pages, frames of cached structures those of other pages; a root that is gone tags nothing. */
export function renumberReal(to: Renumbering, real: MayHold): MayHold {
  const map = (words: readonly number[], mapsFrames: boolean): number[] => {
    const entries = words
      .map(unpackHeld)
      .map((entry) => ({
        ...entry,
        tag: numberIn(to, entry.tag),
        frame: mapsFrames ? numberIn(to, entry.frame) : entry.frame,
      }))
      .filter(({ tag }) => tag !== GONE);
    return [...new Set(entries.map(packHeld))].sort((a, b) => a - b);
  };
  return { translations: map(real.translations, false), structures: map(real.structures, true) };
}
