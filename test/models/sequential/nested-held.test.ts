import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { HOLDS_NOTHING, packHeld, unpackHeld, type HeldEntry } from 'fencepost/x86';
import { renumberReal } from '../../../models/sequential/nested/held.ts';

const entry = (fields: Partial<HeldEntry>): HeldEntry => ({
  place: 0,
  tag: 0,
  level: 1,
  frame: 6,
  access: 7,
  key: 0,
  global: false,
  dirty: true,
  ...fields,
});
const sorted = (words: readonly number[]): number[] => [...new Set(words)].sort((a, b) => a - b);

describe('mappings of KVM’s second-level tables, when pages get other numbers', () => {
  it('keep their frames, and follow their root and the tables that are cached', () => {
    const real = {
      translations: [packHeld(entry({ tag: 3 }))],
      structures: [packHeld(entry({ tag: 3, level: 2, frame: 5 }))],
    };
    const { translations, structures } = renumberReal(
      new Map([
        [3, 1],
        [5, 2],
      ]),
      real,
    );
    expect(translations.map(unpackHeld)).toEqual([entry({ tag: 1 })]);
    expect(structures.map(unpackHeld)).toEqual([entry({ tag: 1, level: 2, frame: 2 })]);
  });

  it('are dropped with their root', () => {
    const real = { translations: [packHeld(entry({ tag: 3 }))], structures: [] };
    expect(renumberReal(new Map(), real)).toEqual(HOLDS_NOTHING);
  });

  it('come back with the old numbers', () => {
    const pages = fc.uniqueArray(fc.nat(20), { minLength: 1, maxLength: 6 });
    const picks = fc.array(fc.record({ tag: fc.nat(5), frame: fc.nat(5) }), { maxLength: 8 });
    fc.assert(
      fc.property(pages, picks, (old, entries) => {
        const there = new Map(old.map((page, place) => [page, place]));
        const back = new Map(old.map((page, place) => [place, page]));
        const page = (pick: number): number => old[pick % old.length];
        const words = entries.map(({ tag, frame }) =>
          packHeld(entry({ tag: page(tag), frame: page(frame) })),
        );
        const real = { translations: sorted(words), structures: sorted(words) };
        expect(renumberReal(back, renumberReal(there, real))).toEqual(real);
      }),
    );
  });
});
