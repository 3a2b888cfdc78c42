import { describe, expect, it } from 'vitest';
import { Memory } from '../../src/program/location.ts';

describe('Memory', () => {
  it('numbers locations and locks together, in the order in which they are named', () => {
    const memory = new Memory();
    const x = memory.location('x', 7);
    const lock = memory.spinlock('lock', { pages: [] });
    expect([x.id, lock.id, memory.size]).toEqual([0, 1, 2]);
    expect(memory.at(1)).toBe(lock);
    expect(memory.find('x')).toBe(x);
    expect([memory.initialValue(0), memory.initialValue(1)]).toEqual([7, 0]);
  });

  it('gives the same location for the same name, and refuses one with other contents', () => {
    const memory = new Memory();
    expect(memory.location('x', 1)).toBe(memory.location('x', 1));
    expect(() => memory.location('x', 2)).toThrow(/declared twice/);
    expect(memory.rwlock('mmu_lock', null)).toBe(memory.rwlock('mmu_lock', null));
    expect(() => memory.rwlock('mmu_lock', 1)).toThrow(/declared twice/);
    expect(() => memory.spinlock('mmu_lock', null)).toThrow(/declared twice/);
    expect(() => memory.location('mmu_lock')).toThrow(/declared twice/);
  });
});
