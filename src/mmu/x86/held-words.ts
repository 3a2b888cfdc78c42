/**
 * Members of the may-hold sets as numbers, so that a state is a pair of sorted arrays. Pages are named by
 * their place in the list of pages that are watched. The lowest three bits are what a member may be
 * surpassed in: X, W and D.
 */
import { ACC_EXEC_MASK, ACC_USER_MASK, ACC_WRITE_MASK } from '../access.ts';
import { FRAMES, PROTECTION_KEYS } from './entry.ts';

const STRENGTH = 8;
const DIRTY = 4;
const LEVELS = 8;
/** How many PCIDs, or EP4TAs, there can be. */
export const MAX_TAGS = 2 ** 12;
/** How many pages one may-hold set can watch. */
export const MAX_PAGES = 2 ** 10;

/** A cached translation of the page at `place`, or a cached entry on the way to it. */
export interface HeldEntry {
  readonly place: number;
  /** PCID under which it was made; for EPT what stands for EP4TA. */
  readonly tag: number;
  /** Of the entry that maps the page, or that points at the table. */
  readonly level: number;
  /** Of the page at `place`, or of the table. */
  readonly frame: number;
  readonly access: number;
  readonly key: number;
  readonly global: boolean;
  readonly dirty: boolean;
}

function digit(value: number, limit: number, what: string): number {
  if (value >= 0 && value < limit) return value;
  throw new RangeError(`${what} ${value} is outside 0..${limit - 1}`);
}

export function packHeld(entry: HeldEntry): number {
  const strength = (entry.access & (ACC_EXEC_MASK | ACC_WRITE_MASK)) | (entry.dirty ? DIRTY : 0);
  let word = digit(entry.place, MAX_PAGES, 'place');
  word = word * MAX_TAGS + digit(entry.tag, MAX_TAGS, 'tag');
  word = word * LEVELS + digit(entry.level, LEVELS, 'level');
  word = word * FRAMES + digit(entry.frame, FRAMES, 'frame');
  word = word * PROTECTION_KEYS + entry.key;
  word = word * 2 + (entry.global ? 1 : 0);
  word = word * 2 + ((entry.access & ACC_USER_MASK) === 0 ? 0 : 1);
  return word * STRENGTH + strength;
}

export function unpackHeld(packed: number): HeldEntry {
  let word = packed;
  const next = (limit: number): number => {
    const value = word % limit;
    word = Math.floor(word / limit);
    return value;
  };
  const strength = next(STRENGTH);
  const user = next(2) === 1;
  const global = next(2) === 1;
  const key = next(PROTECTION_KEYS);
  const frame = next(FRAMES);
  const level = next(LEVELS);
  const tag = next(MAX_TAGS);
  return {
    place: word,
    tag,
    level,
    frame,
    access: (strength & ~DIRTY) | (user ? ACC_USER_MASK : 0),
    key,
    global,
    dirty: (strength & DIRTY) !== 0,
  };
}

const PLACE = MAX_TAGS * LEVELS * FRAMES * PROTECTION_KEYS * 2 * 2 * STRENGTH;

/** The place of a packed member, without unpacking the rest. */
export function placeOf(packed: number): number {
  return Math.floor(packed / PLACE);
}

/** Sorted, without duplicates, and without members that another one surpasses. */
export function canonical(members: Iterable<number>): readonly number[] {
  const sorted = [...new Set(members)].sort((a, b) => a - b);
  // A stronger member with the same fields has a greater number, so it stands behind.
  return sorted.filter((word, at) => {
    const strength = word % STRENGTH;
    for (let next = at + 1; next < sorted.length; next++) {
      const other = sorted[next];
      if (other - (other % STRENGTH) !== word - strength) return true;
      if ((strength & ~(other % STRENGTH)) === 0) return false;
    }
    return true;
  });
}
