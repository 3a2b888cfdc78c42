/**
 * Where the tables of the TDP MMU stand (KVM-MMU.md A15). Each has one parent and is for one range of guest frames, so its
 * place says all that its header does: `role.level` and `gfn`.
 */
import { PG_LEVEL_4K } from './geometry.ts';

/** Names tables by their places. */
export interface TdpLayout {
  /** How many entries of a table there are to look at. */
  readonly entries: number;
  level(table: number): number;
  /** The table that belongs below an entry; undefined: whoever links one brings it along. */
  childAt(parent: number, index: number): number | undefined;
}

/** Numbers below are those of shadow pages. */
const FIRST = 1000;
const PER_ROOT = 100;

/** `is_tdp_mmu_page()` */
export function isTdpMmuPage(page: number): boolean {
  return page >= FIRST;
}

/** The tables of a VM: below each root a tree, which is numbered level by level. */
export class TdpTree implements TdpLayout {
  readonly entries: number;
  readonly rootLevel: number;

  constructor(entries: number, rootLevel: number) {
    this.entries = entries;
    this.rootLevel = rootLevel;
    const tables = Array.from({ length: rootLevel }, (_, depth) => entries ** depth);
    if (tables.reduce((sum, count) => sum + count, 0) > PER_ROOT)
      throw new Error(`${rootLevel} levels of ${entries} entries are too many`);
  }

  /** The root in a slot, from 0. */
  root(slot: number): number {
    return FIRST + slot * PER_ROOT;
  }

  slotOf(root: number): number {
    return (root - FIRST) / PER_ROOT;
  }

  rootOf(table: number): number {
    return table - (table % PER_ROOT);
  }

  level(table: number): number {
    let level = this.rootLevel;
    for (let place = table % PER_ROOT; place > 0; place = Math.floor((place - 1) / this.entries)) level -= 1;
    return level;
  }

  childAt(parent: number, index: number): number {
    return this.rootOf(parent) + (parent % PER_ROOT) * this.entries + 1 + index;
  }

  /** The frame that an entry is for, or the first of its range. */
  gfn(table: number, index: number): number {
    const below = index * this.entries ** (this.level(table) - PG_LEVEL_4K);
    const place = table % PER_ROOT;
    if (place === 0) return below;
    const parent = this.rootOf(table) + Math.floor((place - 1) / this.entries);
    return this.gfn(parent, (place - 1) % this.entries) + below;
  }
}
