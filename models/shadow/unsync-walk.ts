/** Finding the unsync tables below a page, by the bits that were set for them (KVM-MMU.md A8). */
import { branch, call, readPlain, type Steps } from 'fencepost';
import { isLeafSpte, isShadowPresentPte, spteChild, type SpteRef } from 'fencepost/mmu';
import type { Kvm } from '../vm/kvm.ts';
import { readSpte, shadowPage, sptePointer } from './sptes.ts';
import { clearUnsyncChildBit } from './unsync.ts';

/** An unsync leaf table, and the entries that lead to it, the nearest first. */
export interface UnsyncLeaf {
  readonly id: number;
  readonly path: readonly SpteRef[];
}

/**
 * `mmu_unsync_walk()`: bits that lead nowhere any more are cleared on the way. KVM takes batches of 16
 * leaves; tables this small never hold more.
 */
export function mmuUnsyncWalk(kvm: Kvm, parent: number): Steps<readonly UnsyncLeaf[]> {
  return call('mmu_unsync_walk', walk(kvm, parent));
}

function* walk(kvm: Kvm, parent: number): Steps<readonly UnsyncLeaf[]> {
  if (!(yield* hasUnsyncChildren(kvm, parent))) return [];
  return yield* walkChildren(kvm, parent, []);
}

function* walkChildren(kvm: Kvm, page: number, above: readonly SpteRef[]): Steps<readonly UnsyncLeaf[]> {
  const { role } = yield* shadowPage(kvm, page);
  const leaves: UnsyncLeaf[] = [];
  const bitmap = yield* branch(yield* readPlain(kvm.unsyncChildBitmap(page)));
  for (let index = 0; bitmap >> index !== 0; index++) {
    if ((bitmap & (1 << index)) === 0) continue;
    const ref = { page, index };
    const spte = yield* branch(yield* readSpte(sptePointer(kvm, page, index, role.level)));
    const below =
      !isShadowPresentPte(spte) || isLeafSpte(spte, role.level)
        ? []
        : yield* leavesBelow(kvm, spteChild(spte), [ref, ...above]);
    if (below.length === 0) yield* clearUnsyncChildBit(kvm, ref);
    leaves.push(...below);
  }
  return leaves;
}

function* leavesBelow(kvm: Kvm, child: number, path: readonly SpteRef[]): Steps<readonly UnsyncLeaf[]> {
  if (yield* hasUnsyncChildren(kvm, child)) return yield* walkChildren(kvm, child, path);
  const unsync = yield* readPlain(kvm.unsync(child));
  return (yield* branch(unsync)) === 0 ? [] : [{ id: child, path }];
}

export function* hasUnsyncChildren(kvm: Kvm, page: number): Steps<boolean> {
  return (yield* branch(yield* readPlain(kvm.unsyncChildren(page)))) !== 0;
}

/** `mmu_pages_clear_parents()`: clears the bit that leads to the leaf, and on upwards while none is left. */
export function* clearParents(kvm: Kvm, { path }: UnsyncLeaf): Steps {
  for (const ref of path) if ((yield* clearUnsyncChildBit(kvm, ref)) > 0) return;
}
