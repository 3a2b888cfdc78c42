/** Entries of TDP MMU tables beside those that all tables have (KVM-MMU.md A1.5, A15): frozen ones. */
import { showSpte } from './spte.ts';

/**
 * `FROZEN_SPTE`, `REMOVED_SPTE` before v6.12: not present for the hardware nor for KVM, and reserved by a task that
 * has not finished with the entry. The bits are those of the kernel's value.
 */
export const FROZEN_SPTE = 0x5a0;

export function isFrozenSpte(spte: number): boolean {
  return spte === FROZEN_SPTE;
}

export function showTdpSpte(spte: number, level: number): string {
  if (isFrozenSpte(spte)) return 'FROZEN';
  return showSpte(spte, level, (frame) => `pfn${frame}`);
}
