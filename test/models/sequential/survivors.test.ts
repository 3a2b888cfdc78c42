import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { MMU_KINDS, survivorsOf } from '../../../models/sequential/index.ts';

const page = readFileSync(new URL('../../../docs/mutations-mmu.md', import.meta.url), 'utf8');

describe.each(MMU_KINDS)('what survives under %s', (kind) => {
  it('has one reason for each step, which the page has too', () => {
    for (const [mutant, because] of Object.entries(survivorsOf(kind))) {
      const row = page.split('\n').find((line) => line.includes(because) && line.includes(`\`${mutant}\``));
      expect([mutant, row === undefined ? 'not on the page' : 'on the page']).toEqual([
        mutant,
        'on the page',
      ]);
    }
  });
});
