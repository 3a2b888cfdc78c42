import { describe, expect, it } from 'vitest';
import { fencepost } from '../../support/cli.ts';

describe('fencepost show', () => {
  it('says what a scenario models, what is expected of it, and why', async () => {
    const { code, out } = await fencepost(['show', 'gate-vs-fault']);
    expect(code).toBe(0);
    for (const title of ['WORLD', 'PATHS', 'PROPERTIES', 'SITES', 'PROPOSALS', 'EXPECTATIONS', 'BOUNDS'])
      expect(out).toContain(`\n${title}\n`);
    expect(out).toMatch(/kvm_mmu_track_write\(\) at before-gate/);
    expect(out).toMatch(/^both-fences +safe +safe +safe +violated$/m);
    expect(out).toMatch(/^ +before-gate: .*\(none \| .*smp_mb\(\)\)/m);
    expect(out).toMatch(/^ +both-fences: /m);
    expect(out).toContain('store buffering needs a fence on both sides');
  });

  it('gives the same as JSON', async () => {
    const { out } = await fencepost(['show', 'gate-vs-fault', '--json']);
    expect(JSON.parse(out)).toMatchObject({
      name: 'gate-vs-fault',
      tier: 'default',
      proposals: [{ name: 'bare' }, { name: 'writer-fence' }, { name: 'both-fences' }],
    });
  });

  it('takes one scenario that there is', async () => {
    expect(await fencepost(['show', 'gate-vs-fault', 'deadlock'])).toMatchObject({ code: 2 });
    expect((await fencepost(['show', 'gate'])).err).toContain('unknown-scenario');
  });
});
