/** What each operation leaves in the caches, told by a page whose table entry has since been cleared. */
import { describe, expect, it } from 'vitest';
import {
  afterOperation,
  afterWrite,
  allows,
  encodePagingEntry,
  inPagingMode,
  newProcessor,
  PT_DIRTY,
  PT_WRITABLE,
  X86_CR0_WP,
  X86_CR4_PAE,
  X86_CR4_PCIDE,
  X86_CR4_PGE,
  X86_CR4_PSE,
  X86_CR4_SMAP,
  X86_CR4_SMEP,
  type Machine,
  type Operation,
  type Processor,
  type ReadEntry,
  type Registers,
} from 'fencepost/x86';

const MACHINE: Machine = {
  geometry: { off: [], '2-level': [1, 1], pae: [1, 1], '4-level': [1, 1], '5-level': [1, 1, 1] },
  pages: [0, 1, 2, 3],
};
const LARGE = 8;

/** Page 0 in table 2, page 1 global there, pages 2 and 3 one large page. */
function tables(): Map<string, number> {
  return new Map([
    ['1/0', encodePagingEntry({ frame: 2 })],
    ['1/1', encodePagingEntry({ frame: LARGE, large: true })],
    ['2/0', encodePagingEntry({ frame: 4 })],
    ['2/1', encodePagingEntry({ frame: 5, global: true })],
  ]);
}

function registersWith(cr4: number, cr3 = 1 << 12): Registers {
  const base = inPagingMode('4-level');
  return { ...base, cr3, cr0: base.cr0 | X86_CR0_WP, cr4: base.cr4 | X86_CR4_PGE | cr4 };
}

/** Executes operations; throws where one faults. */
function execute(processor: Processor, read: ReadEntry, ...operations: readonly Operation[]): Processor {
  return operations.reduce((before, operation) => {
    const step = afterOperation(MACHINE, before, operation, read);
    if (step.kind !== 'done') throw new Error(step.why);
    return step.processor;
  }, processor);
}

const READ = { kind: 'read', user: false } as const;
const WRITE = { kind: 'write', user: false } as const;

/** Pages of PCID 0 that are still translated after the operations, when all tables have been cleared first. */
function left(cr4: number, ...operations: readonly Operation[]): number[] {
  const memory = tables();
  const read: ReadEntry = (frame, index) => memory.get(`${frame}/${index}`) ?? 0;
  const filled = newProcessor(MACHINE, read, registersWith(cr4));
  memory.clear();
  const processor = execute(afterWrite(MACHINE, filled, read), read, ...operations);
  const seen = { ...processor, registers: registersWith(cr4) };
  const frames = [4, 5, LARGE, LARGE + 1];
  return MACHINE.pages.filter((page) => allows(MACHINE, seen, page, READ, frames[page]));
}

const cr4 = registersWith(0).cr4;
const PCIDE = X86_CR4_PCIDE;

describe('what may still be held after', () => {
  it.each<[string, number, Operation[], number[]]>([
    ['nothing', 0, [], [0, 1, 2, 3]],
    ['INVLPG', 0, [{ op: 'invlpg', page: 0 }], [1, 2, 3]],
    ['INVLPG of a global page', 0, [{ op: 'invlpg', page: 1 }], [0, 2, 3]],
    ['INVLPG in a large page', 0, [{ op: 'invlpg', page: 2 }], [0, 1]],
    ['a page fault', 0, [{ op: 'page-fault', page: 1 }], [0, 2, 3]],
    ['INVPCID 0', 0, [{ op: 'invpcid', type: 0, pcid: 0, page: 0 }], [1, 2, 3]],
    ['INVPCID 0 of a global page', 0, [{ op: 'invpcid', type: 0, pcid: 0, page: 1 }], [0, 1, 2, 3]],
    ['INVPCID 1', 0, [{ op: 'invpcid', type: 1, pcid: 0, page: 0 }], [1]],
    ['INVPCID 1 of another PCID', PCIDE, [{ op: 'invpcid', type: 1, pcid: 1, page: 0 }], [0, 1, 2, 3]],
    ['INVPCID 2', 0, [{ op: 'invpcid', type: 2, pcid: 0, page: 0 }], []],
    ['INVPCID 3', 0, [{ op: 'invpcid', type: 3, pcid: 0, page: 0 }], [1]],
    ['MOV CR3', 0, [{ op: 'mov-cr3', value: 3 << 12 }], [1]],
    ['MOV CR3 of the PCID', PCIDE, [{ op: 'mov-cr3', value: 3 << 12 }], [1]],
    ['MOV CR3 of another PCID', PCIDE, [{ op: 'mov-cr3', value: (3 << 12) | 1 }], [0, 1, 2, 3]],
    ['MOV CR3 with bit 63', PCIDE, [{ op: 'mov-cr3', value: 3 << 12, noflush: true }], [0, 1, 2, 3]],
    [
      'INVLPG under another PCID',
      PCIDE,
      [
        { op: 'mov-cr3', value: (3 << 12) | 1 },
        { op: 'invlpg', page: 0 },
        { op: 'invlpg', page: 1 },
      ],
      [0, 2, 3],
    ],
    [
      'a page fault under another PCID',
      PCIDE,
      [
        { op: 'mov-cr3', value: (3 << 12) | 1 },
        { op: 'page-fault', page: 1 },
      ],
      [0, 1, 2, 3],
    ],
    ['PG 1->0', 0, [{ op: 'mov-cr0', value: registersWith(0).cr0 & 0x7fff_ffff }], []],
    ['a toggle of WP', 0, [{ op: 'mov-cr0', value: registersWith(0).cr0 ^ X86_CR0_WP }], [0, 1, 2, 3]],
    ['a change of PGE', 0, [{ op: 'mov-cr4', value: cr4 ^ X86_CR4_PGE }], []],
    ['PCIDE 0->1', 0, [{ op: 'mov-cr4', value: cr4 | PCIDE }], [0, 1, 2, 3]],
    ['PCIDE 1->0', PCIDE, [{ op: 'mov-cr4', value: cr4 }], []],
    ['SMEP 0->1', 0, [{ op: 'mov-cr4', value: cr4 | X86_CR4_SMEP }], []],
    ['SMEP 1->0', X86_CR4_SMEP, [{ op: 'mov-cr4', value: cr4 }], [0, 1, 2, 3]],
    ['SMAP', 0, [{ op: 'mov-cr4', value: cr4 | X86_CR4_SMAP }], [0, 1, 2, 3]],
    ['PSE', 0, [{ op: 'mov-cr4', value: cr4 | X86_CR4_PSE }], [0, 1, 2, 3]],
  ])('%s', (_, more, operations, pages) => {
    expect(left(more, ...operations)).toEqual(pages);
  });

  it('a change of PAE out of long mode', () => {
    const memory = tables();
    const read: ReadEntry = (frame, index) => memory.get(`${frame}/${index}`) ?? 0;
    const registers = { ...inPagingMode('2-level'), cr3: 1 << 12 };
    const filled = newProcessor(MACHINE, read, registers);
    expect(allows(MACHINE, filled, 0, READ, 4)).toBe(true);
    memory.clear();
    const processor = execute(filled, read, { op: 'mov-cr4', value: registers.cr4 | X86_CR4_PAE });
    expect(processor.held).toEqual({ translations: [], structures: [] });
  });
});

describe('a translation that may be held', () => {
  /** Page 0's entry goes through these words, one write after another. */
  function through(...words: readonly number[]): Processor {
    const memory = tables();
    const read: ReadEntry = (frame, index) => memory.get(`${frame}/${index}`) ?? 0;
    return words.reduce(
      (processor, word) => {
        memory.set('2/0', word);
        return afterWrite(MACHINE, processor, read);
      },
      execute(newProcessor(MACHINE, read, registersWith(0)), read, { op: 'invlpg', page: 0 }),
    );
  }
  const word = encodePagingEntry({ frame: 4 });

  it('lets writes through by the entry that had W and D, although both are gone', () => {
    expect(allows(MACHINE, through(word & ~PT_WRITABLE, word), 0, WRITE, 4)).toBe(true);
    expect(allows(MACHINE, through(word, word & ~PT_WRITABLE), 0, WRITE, 4)).toBe(true);
  });

  it('never puts together W of one word and D of another', () => {
    const memory = new Map([...tables(), ['2/0', 0]]);
    const read: ReadEntry = (frame, index) => memory.get(`${frame}/${index}`) ?? 0;
    let processor = newProcessor(MACHINE, read, registersWith(0));
    for (const part of [word & ~PT_WRITABLE, word & ~PT_DIRTY, 0]) {
      memory.set('2/0', part);
      processor = afterWrite(MACHINE, processor, read);
    }
    expect(allows(MACHINE, processor, 0, READ, 4)).toBe(true);
    expect(allows(MACHINE, processor, 0, WRITE, 4)).toBe(false);
  });

  it('may join an old upper entry with a new lower one', () => {
    const memory = tables();
    const read: ReadEntry = (frame, index) => memory.get(`${frame}/${index}`) ?? 0;
    let processor = newProcessor(MACHINE, read, registersWith(0));
    memory.set('1/0', encodePagingEntry({ frame: 3 }));
    processor = afterWrite(MACHINE, processor, read);
    memory.set('2/0', encodePagingEntry({ frame: 6 }));
    processor = afterWrite(MACHINE, processor, read);
    expect(allows(MACHINE, processor, 0, READ, 6)).toBe(true);
    // INVLPG of any address drops all paging-structure entries of the PCID.
    processor = execute(processor, read, { op: 'invlpg', page: 3 });
    memory.set('2/0', encodePagingEntry({ frame: 7 }));
    expect(allows(MACHINE, afterWrite(MACHINE, processor, read), 0, READ, 7)).toBe(false);
  });
});
