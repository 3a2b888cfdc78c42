/** How operations of L1 on L2 read in a trace. */
import { pgdFrame } from '../../../vm/vcpu.ts';
import { EPTP_WB } from '../../worlds/eptp.ts';
import type { L2Entry } from '../../worlds/world.ts';

/** Its low bits are named only where they are not the usual ones. */
export function describeEptp(eptp: number, nameOf: (gfn: number) => string): string {
  const low = eptp & 0xfff;
  return low === EPTP_WB || low === 0
    ? nameOf(pgdFrame(eptp))
    : `${nameOf(pgdFrame(eptp))} (low bits ${low.toString(16)})`;
}

export function describeEntry({ pgd, vpid, flushes }: L2Entry, nameOf: (gfn: number) => string): string {
  const tables = pgd === undefined ? '' : ` with ${describeEptp(pgd, nameOf)}`;
  const tag = vpid === undefined ? '' : `, VPID ${vpid}`;
  return `enter L2${tables}${tag}${flushes === true ? ', TLB_CONTROL flushes' : ''}`;
}
