import { describe, expect, it } from 'vitest';
import { fencepost } from '../../support/cli.ts';

describe('fencepost mmu list', () => {
  it('names policies, with what they do differently, and worlds', async () => {
    const { code, out } = await fencepost(['mmu', 'list']);
    expect(code).toBe(0);
    expect(out).toMatch(/^role-change\/pcide-set-keeps-roots$/m);
    expect(out).toContain('unlike v7.1-repaired: ');
    expect(out).toMatch(/^shadow-pcids\n {4}world of --mmu shadow: /m);
  });

  it('can be narrowed', async () => {
    const { out } = await fencepost(['mmu', 'list', 'root-cache/', '--json']);
    const { entries } = JSON.parse(out) as { entries: { name: string }[] };
    expect(entries.length).toBeGreaterThan(3);
    expect(entries.every(({ name }) => !name.startsWith('shadow'))).toBe(true);
  });
});
