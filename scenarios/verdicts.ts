import type { ModelName } from 'fencepost';

type Verdicts = Readonly<Record<ModelName, 'safe' | 'violated'>>;

export const SAFE: Verdicts = { sc: 'safe', 'x86-tso': 'safe', 'lkmm-marked': 'safe', lkmm: 'safe' };

/** A matter of logic, not of ordering. */
export const EVERYWHERE: Verdicts = {
  sc: 'violated',
  'x86-tso': 'violated',
  'lkmm-marked': 'violated',
  lkmm: 'violated',
};

/** Needs accesses that pass each other: every memory model but sc. */
export const REORDERED: Verdicts = { ...EVERYWHERE, sc: 'safe' };

/** Needs reads or writes of one kind that pass each other, which x86 does not do: LKMM alone. */
export const WEAK: Verdicts = { ...SAFE, 'lkmm-marked': 'violated', lkmm: 'violated' };

/** `vcpu->mode = OUTSIDE_GUEST_MODE` is a plain store that other CPUs read: LKMM promises nothing about it. */
export const PLAIN_MODE: Verdicts = { ...SAFE, lkmm: 'violated' };
