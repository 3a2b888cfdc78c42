import { describe, expect, it } from 'vitest';
import { wrap } from '../../src/trace/line.ts';

describe('wrap', () => {
  it('breaks between words and indents what follows', () => {
    expect(wrap('1 READ_ONCE(x) == 0', 16, 2)).toEqual(['1 READ_ONCE(x)', '  == 0']);
  });

  it('breaks a long word where kernel code would', () => {
    expect(wrap('2 READ_ONCE(kvm->arch.indirect_shadow_pages) == 0', 34, 2)).toEqual([
      '2 READ_ONCE(kvm->arch.',
      '  indirect_shadow_pages) == 0',
    ]);
  });

  it('breaks a name that is longer than a line between its words', () => {
    expect(wrap('2 kvm->arch.indirect_shadow_pages++: 0 -> 1', 22, 2)).toEqual([
      '2 kvm->arch.indirect_',
      '  shadow_pages++: 0 ->',
      '  1',
    ]);
    expect(wrap('__kvm_mmu_x(', 9)).toEqual(['__kvm_', 'mmu_x(']);
  });

  it('cuts a word that has no such place', () => {
    expect(wrap('abcdefghij', 4)).toEqual(['abcd', 'efgh', 'ij']);
  });

  it('keeps gaps inside a line', () => {
    expect(wrap('x = 1  [buffered]', 40)).toEqual(['x = 1  [buffered]']);
  });
});
