/**
 * Tables of other PCIDs, through which a processor is taken to go on walking until the PCID is flushed. The SDM has it
 * walk for the current PCID alone, but KVM's shadow pages know no PCIDs: what one makes of a table serves every PCID
 * and every cached root that the table hangs under. `strict` judges by the letter instead.
 */
import {
  addressSpaceOf,
  currentPcid,
  fill,
  invalidatedBy,
  type Machine,
  type Operation,
  type Processor,
  type ReadEntry,
  type Registers,
} from 'fencepost/x86';

/** Values of CR3 that a vCPU has left without a flush of their PCID since; sorted. */
export type KeptRoots = readonly number[];

export function keptAfter(
  kept: KeptRoots,
  before: Registers,
  operation: Operation,
  now: Registers,
): KeptRoots {
  const pcidOf = (cr3: number): number => currentPcid({ ...before, cr3 });
  const flushes = invalidatedBy(before, operation).filter(({ page }) => page === undefined);
  const isFlushed = (cr3: number): boolean =>
    flushes.some(({ tag }) => tag === undefined || tag === pcidOf(cr3));
  const left = [...new Set([...kept, before.cr3])].filter((cr3) => cr3 !== now.cr3 && !isFlushed(cr3));
  return left.sort((a, b) => a - b);
}

/** What the processor may have cached by now through these tables too. */
export function fillKept(
  machine: Machine,
  processor: Processor,
  kept: KeptRoots,
  read: ReadEntry,
): Processor {
  const { registers } = processor;
  const held = kept.reduce((all, cr3) => {
    const then = { ...registers, cr3 };
    return fill(all, machine.pages, addressSpaceOf(then, machine.geometry), currentPcid(then), read);
  }, processor.held);
  return { registers, held };
}
