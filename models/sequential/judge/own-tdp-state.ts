/**
 * What the TDP MMU keeps for itself must be in step after every operation (KVM-MMU.md A15, P25, P26, P28): roots with the
 * references that they count, tables that are linked where they belong, and nothing that is frozen or left behind.
 */
import type { Location, Violation } from 'fencepost';
import {
  isFrozenSpte,
  isShadowPresentPte,
  isTdpMmuPage,
  isValidRoot,
  PG_LEVEL_4K,
  roleWord,
  spteChild,
  sptePfn,
  type RootInfo,
} from 'fencepost/mmu';
import type { TdpMmu } from '../../tdp/tdp-mmu.ts';
import type { VcpuArch } from '../../vm/vcpu.ts';

type Word = (location: Location) => number;

/** The roots of the TDP MMU that a vCPU keeps. */
export function tdpRootsOf({ root_mmu, guest_mmu }: VcpuArch): readonly RootInfo[] {
  return [root_mmu, guest_mmu].flatMap(({ cache }) =>
    cache.roots.filter((root) => isValidRoot(root) && isTdpMmuPage(root.hpa)),
  );
}

/** `own`: how many references of its own the TDP MMU has to a valid root. Undefined: everything is in step. */
export function tdpViolation(
  tdp: TdpMmu,
  kept: readonly RootInfo[],
  own: number,
  word: Word,
): Violation | undefined {
  const listed = rootList(tdp, word);
  if (listed === undefined) return { property: 'no-leak', message: 'the list of roots is torn' };
  for (const { hpa, role } of kept) {
    if (!listed.includes(hpa))
      return { property: 'no-use-after-free', message: `a vCPU keeps the root sp${hpa}, which was freed` };
    if (role === undefined || roleWord(role) !== word(tdp.tables.role(hpa)))
      return { property: 'root-role', message: `a vCPU keeps the root sp${hpa}, which is of another role` };
  }
  for (const root of listed) {
    const problem = miscounted(tdp, root, kept, own, word);
    if (problem !== undefined) return problem;
  }
  return brokenTable(tdp, listed, word);
}

/** Undefined: its links disagree. */
function rootList({ roots, tree }: TdpMmu, word: Word): readonly number[] | undefined {
  const listed: number[] = [];
  for (let at = word(roots.next(0)); at !== 0; at = word(roots.next(at))) {
    if (word(roots.previous(at)) !== (listed.at(-1) ?? 0) || tree.rootOf(at) !== at) return undefined;
    listed.push(at);
  }
  return word(roots.previous(0)) === (listed.at(-1) ?? 0) ? listed : undefined;
}

function miscounted(
  { kvm, roots }: TdpMmu,
  root: number,
  kept: readonly RootInfo[],
  own: number,
  word: Word,
): Violation | undefined {
  const isValid = word(kvm.roleInvalid(root)) === 0;
  const users = kept.filter(({ hpa }) => hpa === root).length + (isValid ? own : 0);
  const counted = word(roots.count(root));
  if (counted === users) return undefined;
  return { property: 'counts-balanced', message: `sp${root} counts ${counted} references and has ${users}` };
}

/** Of the trees below the roots; one slot more shows what has left the list and is still there. */
function brokenTable(tdp: TdpMmu, listed: readonly number[], word: Word): Violation | undefined {
  const { kvm, tree, tables } = tdp;
  const linked = new Set<number>(listed);
  let leaves = 0;
  for (const root of listed) {
    const isValid = word(kvm.roleInvalid(root)) === 0;
    for (const entry of entriesBelow(tdp, root, word)) {
      const { table, index, spte } = entry;
      const { name } = tables.spte(table, index);
      if (isFrozenSpte(spte)) return { property: 'no-frozen-spte', message: `${name} is frozen for ever` };
      if (!isShadowPresentPte(spte)) continue;
      if (!isValid)
        return { property: 'no-stale-spte', message: `${name} of an invalid root was not zapped` };
      const problem = entry.child === undefined ? wrongFrame(tdp, entry) : wrongTable(tdp, entry, word);
      if (problem !== undefined) return problem;
      if (entry.child === undefined) leaves += 1;
      else linked.add(entry.child);
    }
  }
  const slots = listed.map((root) => tree.slotOf(root));
  const left = placesUpTo(tdp, Math.max(-1, ...slots) + 1).find(
    (table) => !linked.has(table) && word(tables.role(table)) !== 0,
  );
  if (left !== undefined)
    return { property: 'no-leak', message: `sp${left} is linked nowhere, and nobody frees it` };
  const counted = word(tables.pagesMapped);
  if (counted === leaves) return undefined;
  return { property: 'counts-balanced', message: `${leaves} pages are mapped, and ${counted} are counted` };
}

/** Every entry of every table that is linked. */
export function* tdpEntries(tdp: TdpMmu, word: Word): Iterable<TdpEntry> {
  for (const root of rootList(tdp, word) ?? []) yield* entriesBelow(tdp, root, word);
}

export interface TdpEntry {
  readonly table: number;
  readonly index: number;
  readonly spte: number;
  /** The table that it leads to, above the last level. */
  readonly child: number | undefined;
}

/** Every entry of the table and of those that it leads to. */
function* entriesBelow(tdp: TdpMmu, table: number, word: Word): Iterable<TdpEntry> {
  const { tree, tables } = tdp;
  for (let index = 0; index < tree.entries; index++) {
    const spte = word(tables.spte(table, index));
    const isLink = tree.level(table) > PG_LEVEL_4K && isShadowPresentPte(spte);
    const child = isLink ? spteChild(spte) : undefined;
    yield { table, index, spte, child };
    if (child !== undefined && child === tree.childAt(table, index)) yield* entriesBelow(tdp, child, word);
  }
}

/** Guest frames have host frames of the same number. */
function wrongFrame({ tree }: TdpMmu, { table, index, spte }: TdpEntry): Violation | undefined {
  const gfn = tree.gfn(table, index);
  if (sptePfn(spte) === gfn) return undefined;
  return {
    property: 'guest-translation-allowed',
    message: `guest frame ${gfn} is mapped to ${sptePfn(spte)}`,
  };
}

function wrongTable(
  { tree, tables }: TdpMmu,
  { table, index, child }: TdpEntry,
  word: Word,
): Violation | undefined {
  const { name } = tables.spte(table, index);
  const own = tree.childAt(table, index);
  if (child !== own) return { property: 'parents-known', message: `${name} points at sp${child}` };
  if (word(tables.role(own)) === word(tables.role(table)) - 1) return undefined;
  return { property: 'no-use-after-free', message: `${name} points at sp${own}, which is no such table` };
}

function placesUpTo({ tree }: TdpMmu, slot: number): readonly number[] {
  const places: number[] = [];
  const add = (table: number): void => {
    places.push(table);
    if (tree.level(table) === PG_LEVEL_4K) return;
    for (let index = 0; index < tree.entries; index++) add(tree.childAt(table, index));
  };
  for (let each = 0; each <= slot; each++) add(tree.root(each));
  return places;
}
