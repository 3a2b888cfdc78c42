/** I3 (KVM-MMU.md G3) where the TDP MMU serves L1: its tables are in no reverse map, which `tables-protected` goes by. */
import { wordAt, type Location } from 'fencepost';
import { hasGptes, isMmuWritableSpte, isShadowPresentPte } from 'fencepost/mmu';
import { tdpMmuOf } from '../../tdp/tdp-mmu.ts';
import { tdpEntries } from '../judge/own-tdp-state.ts';
import type { GuestRun } from '../run.ts';
import { Violated } from '../judge/violated.ts';

/** L1 cannot write a table that is shadowed for L2, and not unsync, without KVM's knowing. */
export function judgeProtection(run: GuestRun): void {
  const { kvm } = run.setting;
  const tdp = tdpMmuOf(kvm);
  if (tdp === undefined) return;
  const word = (location: Location): number => wordAt(run.concrete, location);
  const tables = run.mmu.pages.filter(
    (page) => hasGptes(page) && word(kvm.roleInvalid(page.id)) === 0 && word(kvm.unsync(page.id)) === 0,
  );
  for (const { table, index, spte, child } of tdpEntries(tdp, word)) {
    if (child !== undefined || !isShadowPresentPte(spte) || !isMmuWritableSpte(spte)) continue;
    const shadowed = tables.find(({ gfn }) => gfn === tdp.tree.gfn(table, index));
    if (shadowed === undefined) continue;
    const what = `lets L1 write ${kvm.guest.nameOf(shadowed.gfn)}, which sp${shadowed.id} shadows`;
    throw new Violated('tables-protected', `${tdp.tables.spte(table, index).name} ${what}`);
  }
}
