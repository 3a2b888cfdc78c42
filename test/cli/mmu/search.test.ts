import { describe, expect, it } from 'vitest';
import { fencepost } from '../../support/cli.ts';

describe('fencepost mmu search', () => {
  it('prints the shortest sequence that a policy fails by', async () => {
    const policy = ['--policy', 'role-change/pcide-set-keeps-roots', '--world', 'shadow-pcide'];
    const { code, out } = await fencepost(['mmu', 'search', ...policy, '--depth', '5']);
    expect(code).toBe(1);
    expect(out).toMatch(/^role-change\/pcide-set-keeps-roots +shadow-pcide +violated +4 /m);
    expect(out).toMatch(/^ {3}5 vCPU 0: MOV CR3: /m);
    expect(out).toMatch(/^ +=> vCPU 0 may complete .*\(guest-translation-allowed\)$/m);
  });

  it('calls nothing safe that it has searched to a depth, says what it executed, and prints the same again', async () => {
    const words = ['mmu', 'search', '--world', 'shadow-pcide', '--depth', '2'];
    const { code, out, err } = await fencepost(words);
    expect(code).toBe(0);
    expect(out).toMatch(/ bounded +2 /);
    expect(out).not.toContain('safe');
    expect(out).toContain('nothing found in any sequence of 2 operations, nothing said of longer ones');
    expect(out).toMatch(/^MOV CR3 NOFLUSH +\d+$/m);
    expect(err).toMatch(/ operations in .* s, .*\/s/);
    expect((await fencepost(words)).out).toBe(out);
  });

  it('has a bound of time, which is a result of its own', async () => {
    const words = ['mmu', 'search', '--depth', '20', '--max-time', '1s', '--world', 'tdp-pcids'];
    const { code, out } = await fencepost(words, { tick: 100 });
    expect(code).toBe(3);
    expect(out).toContain('time ran out; nothing found');
  });

  it('compares what policies do with their roots', async () => {
    const policies = 'v7.1-repaired,root-cache/need_sync,root-cache/unsync_roots,root-cache/bit-63';
    const words = [
      'mmu',
      'search',
      '--policy',
      policies,
      '--world',
      'shadow-pcids',
      '--depth',
      '2',
      '--json',
    ];
    const { out } = await fencepost(words);
    const { results } = JSON.parse(out) as { results: { policy: string; roots: { bytes: number } }[] };
    expect(results.map(({ policy, roots }) => [policy, roots.bytes])).toEqual([
      ['v7.1-repaired', 64],
      ['root-cache/need_sync', 88],
      ['root-cache/unsync_roots', 64],
      ['root-cache/bit-63', 64],
    ]);
  });

  it('names the worlds where one is misspelt', async () => {
    const { code, err } = await fencepost(['mmu', 'search', '--world', 'shadow-pcid']);
    expect(code).toBe(2);
    expect(err).toContain('shadow-pcids');
  });
});
