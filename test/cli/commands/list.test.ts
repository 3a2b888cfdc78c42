import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../../src/cli/commands.ts';
import { fencepost } from '../../support/cli.ts';

describe('fencepost list', () => {
  it('shows the scenarios', async () => {
    const { code, out } = await fencepost(['list', 'gate']);
    expect(out).toMatchInlineSnapshot(`
      "gate-vs-fault
          Can the gate miss the first shadow page?
          2 threads: CPU0 (emulated write), CPU1 (page fault)
          proposals: bare, writer-fence, both-fences
      "
    `);
    expect(code).toBe(0);
  });

  it('shows proposals, sites and memory models', async () => {
    expect((await fencepost(['list', '--proposals'])).out).toMatchInlineSnapshot(`
      "bare
          no fences
      writer-fence
          the writer's fence alone
          before-gate = smp_mb()
      both-fences
          the fences of both sides
          before-gate = smp_mb(), after-increment = smp_mb()
      as-written
          the program as it stands
      "
    `);
    expect((await fencepost(['list', '--sites', 'increment'])).out).toMatchInlineSnapshot(`
      "after-increment
          account_shadowed(): the fence between the increment and the re-read of the
          guest PTE
          options: none, smp_mb() (without a choice the first)
          scenarios: gate-vs-fault
      "
    `);
    expect((await fencepost(['list', '--models'])).out).toMatch(/^sc\n {4}Sequential .*x86-tso\n.*lkmm\n/s);
  });

  it('gives JSON', async () => {
    const { out } = await fencepost(['list', '--json']);
    const { entries } = JSON.parse(out) as { entries: { name: string }[] };
    expect(entries.map(({ name }) => name)).toEqual(['gate-vs-fault', 'wake-up-1', 'lock-order']);
  });
});

describe('fencepost --help', () => {
  it('ends with 0 and has examples for every command', async () => {
    for (const argv of [['--help'], ['help'], ...COMMANDS.map(({ name }) => [name, '--help'])]) {
      const { code, out, err } = await fencepost(argv);
      expect(code).toBe(0);
      expect(err).toBe('');
      expect(out).toContain('Examples:\n  fencepost ');
    }
  });

  it('knows its version', async () => {
    expect((await fencepost(['--version'])).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it('lists what the catalogue covers, and why not the rest', async () => {
    const { code, out } = await fencepost(['list', '--protocols']);
    expect(code).toBe(0);
    expect(out).toMatch(/^P99 +nothing +0 +- +- +nobody has asked$/m);
    expect(out).toMatch(/^C01 +the gate without fences +-/m);
    const json = JSON.parse((await fencepost(['list', '--protocols', '--json', 'P99'])).out) as unknown;
    expect(json).toMatchObject({ protocols: [{ entry: { id: 'P99' }, scenarios: [] }], bugs: [] });
  });
});
