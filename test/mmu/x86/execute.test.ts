import { describe, expect, it } from 'vitest';
import {
  EFER_LMA,
  EFER_LME,
  EFER_NX,
  encodePagingEntry,
  execute,
  inPagingMode,
  PAGING_MODES,
  pagingModeOf,
  PT_NX,
  PT_PRESENT,
  PT_RESERVED,
  PT_WRITABLE,
  REGISTERS_AT_RESET,
  smallGeometry,
  X86_CR0_PE,
  X86_CR0_PG,
  X86_CR0_WP,
  X86_CR4_LA57,
  X86_CR4_PAE,
  X86_CR4_PCIDE,
  X86_CR4_PGE,
  X86_CR4_PKE,
  X86_CR4_PSE,
  X86_CR4_SMAP,
  X86_CR4_SMEP,
  X86_EFLAGS_AC,
  type Operation,
  type ReadEntry,
  type Registers,
} from 'fencepost/x86';

const GEOMETRY = smallGeometry(1);
const empty: ReadEntry = () => 0;

function run(registers: Registers, operation: Operation, read = empty): ReturnType<typeof execute> {
  return execute(registers, operation, GEOMETRY, read);
}

function after(registers: Registers, operation: Operation, read = empty): Registers {
  const result = run(registers, operation, read);
  if (result.kind !== 'done') throw new Error(result.why);
  return result.registers;
}

const long = inPagingMode('4-level');
const withPcid: Registers = { ...long, cr4: long.cr4 | X86_CR4_PCIDE };
const pae = inPagingMode('pae');

describe('paging modes', () => {
  it('are what the registers of each say', () => {
    expect(PAGING_MODES.map((mode) => pagingModeOf(inPagingMode(mode)))).toEqual(PAGING_MODES);
    expect(PAGING_MODES.map((mode) => pagingModeOf(inPagingMode(mode, withPcid)))).toEqual(PAGING_MODES);
  });

  it('are entered by the instructions that software uses', () => {
    let registers = after(REGISTERS_AT_RESET, { op: 'mov-cr4', value: X86_CR4_PAE | X86_CR4_LA57 });
    registers = after(registers, { op: 'wrmsr-efer', value: EFER_LME | EFER_NX });
    expect(pagingModeOf(registers)).toBe('off');
    registers = after(registers, { op: 'mov-cr0', value: X86_CR0_PE | X86_CR0_PG });
    expect(registers.efer).toBe(EFER_LME | EFER_LMA | EFER_NX);
    expect(pagingModeOf(registers)).toBe('5-level');
    registers = after(registers, { op: 'mov-cr0', value: X86_CR0_PE });
    expect(registers.efer).toBe(EFER_LME | EFER_NX);
    expect(pagingModeOf(registers)).toBe('off');
  });
});

describe('#GP and #UD', () => {
  const user: Registers = { ...long, cpl: 3 };
  it.each<[string, Registers, Operation, '#GP' | '#UD']>([
    ['PG without PE', REGISTERS_AT_RESET, { op: 'mov-cr0', value: X86_CR0_PG }, '#GP'],
    ['PG 1->0 with PCIDE', withPcid, { op: 'mov-cr0', value: X86_CR0_PE }, '#GP'],
    [
      'PG with LME, without PAE',
      { ...REGISTERS_AT_RESET, efer: EFER_LME },
      { op: 'mov-cr0', value: X86_CR0_PE | X86_CR0_PG },
      '#GP',
    ],
    ['PAE 1->0 in long mode', long, { op: 'mov-cr4', value: 0 }, '#GP'],
    ['LA57 in long mode', long, { op: 'mov-cr4', value: long.cr4 | X86_CR4_LA57 }, '#GP'],
    ['PCIDE out of long mode', pae, { op: 'mov-cr4', value: pae.cr4 | X86_CR4_PCIDE }, '#GP'],
    ['PCIDE with CR3[11:0]', { ...long, cr3: 0x1001 }, { op: 'mov-cr4', value: withPcid.cr4 }, '#GP'],
    ['LME with PG', long, { op: 'wrmsr-efer', value: 0 }, '#GP'],
    ['bit 63 of CR3 without PCIDE', long, { op: 'mov-cr3', value: 0x1000, noflush: true }, '#GP'],
    ['INVPCID 0 of a PCID without PCIDE', long, { op: 'invpcid', type: 0, pcid: 1, page: 0 }, '#GP'],
    ['INVPCID 1 of a PCID without PCIDE', long, { op: 'invpcid', type: 1, pcid: 1, page: 0 }, '#GP'],
    ['WRPKRU without PKE', long, { op: 'wrpkru', value: 1 }, '#UD'],
    ['MOV CR0 at CPL 3', user, { op: 'mov-cr0', value: user.cr0 }, '#GP'],
    ['MOV CR3 at CPL 3', user, { op: 'mov-cr3', value: 0 }, '#GP'],
    ['MOV CR4 at CPL 3', user, { op: 'mov-cr4', value: user.cr4 }, '#GP'],
    ['WRMSR at CPL 3', user, { op: 'wrmsr-efer', value: user.efer }, '#GP'],
    ['INVLPG at CPL 3', user, { op: 'invlpg', page: 0 }, '#GP'],
    ['INVPCID at CPL 3', user, { op: 'invpcid', type: 2, pcid: 0, page: 0 }, '#GP'],
  ])('for %s', (_, registers, operation, kind) => {
    expect(run(registers, operation).kind).toBe(kind);
  });

  it.each<[string, Registers, Operation]>([
    ['PCIDE with PCID 0', { ...long, cr3: 0x1000 }, { op: 'mov-cr4', value: withPcid.cr4 }],
    ['PCIDE 1->0 under any PCID', { ...withPcid, cr3: 0x1001 }, { op: 'mov-cr4', value: long.cr4 }],
    ['INVPCID 0 of PCID 0', long, { op: 'invpcid', type: 0, pcid: 0, page: 0 }],
    ['INVPCID 2 without PCIDE', long, { op: 'invpcid', type: 2, pcid: 1, page: 0 }],
    ['PG 1->0 after PCIDE 1->0', long, { op: 'mov-cr0', value: X86_CR0_PE }],
    [
      'PKE, SMEP and SMAP',
      pae,
      { op: 'mov-cr4', value: pae.cr4 | X86_CR4_PKE | X86_CR4_SMEP | X86_CR4_SMAP },
    ],
    ['WP', long, { op: 'mov-cr0', value: long.cr0 | X86_CR0_WP }],
  ])('not for %s', (_, registers, operation) => {
    expect(run(registers, operation).kind).toBe('done');
  });
});

describe('registers', () => {
  it('keep what the operation does not name', () => {
    expect(after(withPcid, { op: 'mov-cr3', value: 0x2001, noflush: true })).toEqual({
      ...withPcid,
      cr3: 0x2001,
    });
    expect(after(long, { op: 'set-cpl', cpl: 3 })).toEqual({ ...long, cpl: 3 });
    expect(after({ ...long, eflags: 2 }, { op: 'set-ac', ac: true }).eflags).toBe(2 | X86_EFLAGS_AC);
    expect(after({ ...long, eflags: 2 | X86_EFLAGS_AC }, { op: 'set-ac', ac: false }).eflags).toBe(2);
    expect(after({ ...long, cr4: long.cr4 | X86_CR4_PKE }, { op: 'wrpkru', value: 5 }).pkru).toBe(5);
    // LMA is the processor's.
    expect(after(long, { op: 'wrmsr-efer', value: EFER_LME | EFER_NX }).efer).toBe(
      EFER_LME | EFER_LMA | EFER_NX,
    );
  });
});

describe('the PDPTE registers', () => {
  const words = [(2 << 12) | PT_PRESENT, 0];
  const read = (frame: number, index: number): number => (frame === 1 ? words[index] : 0);
  const loaded = after(pae, { op: 'mov-cr3', value: 1 << 12 }, read);

  it('are loaded by MOV CR3, and by the changes of CR0 and CR4 that the SDM lists', () => {
    expect(loaded.pdptes).toEqual(words);
    const other = (): number => (3 << 12) | PT_PRESENT;
    const reloads = [X86_CR4_PGE, X86_CR4_PSE, X86_CR4_SMEP].map(
      (flag) => after(loaded, { op: 'mov-cr4', value: loaded.cr4 ^ flag }, other).pdptes[0],
    );
    expect(reloads).toEqual([other(), other(), other()]);
    const keeps = [X86_CR4_SMAP, X86_CR4_PKE].map(
      (flag) => after(loaded, { op: 'mov-cr4', value: loaded.cr4 ^ flag }, other).pdptes,
    );
    expect(keeps).toEqual([words, words]);
    expect(after(loaded, { op: 'mov-cr0', value: loaded.cr0 ^ X86_CR0_WP }, other).pdptes).toEqual(words);
    const off = after(loaded, { op: 'mov-cr0', value: X86_CR0_PE }, other);
    expect(off.pdptes).toEqual([]);
    expect(after(off, { op: 'mov-cr0', value: loaded.cr0 }, other).pdptes[0]).toBe(other());
  });

  it('are none in other modes', () => {
    expect(after(long, { op: 'mov-cr3', value: 1 << 12 }, read).pdptes).toEqual([]);
  });

  it.each([PT_WRITABLE, PT_NX, PT_RESERVED])('raise #GP for the reserved bit %i of a present one', (bit) => {
    const bad = (): number => (2 << 12) | PT_PRESENT | bit;
    expect(run(pae, { op: 'mov-cr3', value: 1 << 12 }, bad).kind).toBe('#GP');
    expect(run(pae, { op: 'mov-cr3', value: 1 << 12 }, () => bit).kind).toBe('done');
    expect(run(pae, { op: 'mov-cr3', value: 1 << 12 }, () => encodePagingEntry({ frame: 1 })).kind).toBe(
      '#GP',
    );
  });
});
