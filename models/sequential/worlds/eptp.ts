/** EPTPs of L1 (SDM vol. 3C, 25.6.11): bits 2:0 the memory type, bits 5:3 the length of walks less 1, bit 6 A and D flags. */
import { PAGE_SHIFT } from 'fencepost/mmu';

const MEMORY_TYPE_WB = 6;
const LEVELS_SHIFT = 3;

/** Low bits of a two-level EPT that is read write-back, and uncached. */
export const EPTP_WB = (1 << LEVELS_SHIFT) | MEMORY_TYPE_WB;
export const EPTP_UC = 1 << LEVELS_SHIFT;
export const EPTP_AD = EPTP_WB | (1 << 6);

export function eptpOf(frame: number, low = EPTP_WB): number {
  return (frame << PAGE_SHIFT) | low;
}
