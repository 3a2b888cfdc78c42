import { describe, expect, it } from 'vitest';
import { catalogue, fencepost } from '../../support/cli.ts';

const [gate] = catalogue.scenarios;

/** The catalogue with the gate in the deep set, or with other expectations. */
function withGate(changes: object): typeof catalogue {
  return { ...catalogue, scenarios: [{ ...gate, ...changes }] };
}

describe('fencepost regress', () => {
  it('prints a line for each scenario and proposal, and holds when every verdict is expected', async () => {
    const { code, out } = await fencepost(['regress', '--only', 'gate-vs-fault']);
    expect(code).toBe(0);
    expect(out).toMatch(/^gate-vs-fault +bare +safe +violated +violated +violated +\d+ /m);
    expect(out).toContain('12 verdicts, 12 as expected');
    expect(out).toContain('THE LARGEST');
  });

  it('marks an unexpected verdict, shows its counterexample and exits with 1', async () => {
    const { code, out } = await fencepost(['regress', '-m', 'x86-tso'], {
      catalogue: withGate({ expectations: [] }),
    });
    expect(code).toBe(1);
    expect(out).toMatch(/bare +violated!/);
    expect(out).toContain('2 not as expected');
    expect(out).toContain('FAIL gate-vs-fault');
  });

  it('gives the rows of check as JSON', async () => {
    const regress = await fencepost(['regress', '--json', '--only', 'gate-vs-fault']);
    const check = await fencepost(['check', '--json', 'gate-vs-fault']);
    expect(JSON.parse(regress.out)).toEqual(JSON.parse(check.out));
  });

  it('leaves out what stands before --since', async () => {
    const { out } = await fencepost(['regress', '--since', 'writer-fence', '--json']);
    const { results } = JSON.parse(out) as { results: { proposal: string }[] };
    expect([...new Set(results.map(({ proposal }) => proposal))]).toEqual(['writer-fence', 'both-fences']);
  });

  it('judges the deep set only when asked to', async () => {
    const deep = { catalogue: withGate({ tier: 'deep', protocols: ['P01'] }) };
    const refused = await fencepost(['regress'], deep);
    expect(refused).toMatchObject({ code: 2, out: '' });
    expect(refused.err).toContain('nothing-to-check');
    expect((await fencepost(['regress', '--only', 'P01'], deep)).code).toBe(2);
    expect((await fencepost(['regress', '--only', 'P01', '--deep'], deep)).code).toBe(0);
    expect((await fencepost(['regress', '--only', 'gate-vs-fault'], deep)).code).toBe(0);
  });

  it.each([
    [['--only', 'P1'], 'unknown-name', 'there is no name «P1»'],
    [['--only', 'gate-vs-fault,P1'], 'unknown-name', 'there is no name «P1»'],
    [['--since', 'v9'], 'unknown-proposal', 'there is no proposal «v9»'],
    [['--only', 'wake-up-1', '--since', 'both-fences'], 'nothing-to-check', '--since leaves out'],
    [['--max-executions', 'many'], 'bad-number', '--max-executions'],
    [['--model', 'arm'], 'unknown-memory-model', 'arm'],
  ])('refuses %j', async (flags, code, text) => {
    const refused = await fencepost(['regress', ...flags]);
    expect(refused).toMatchObject({ code: 2, out: '' });
    expect(refused.err).toContain(code);
    expect(refused.err).toContain(text);
  });

  it('puts the scenarios with the most executions at the end, each once', async () => {
    const { out } = await fencepost(['regress', '--deep']);
    const [, largest] = out.split('THE LARGEST SCENARIOS');
    const rows = [...largest.matchAll(/^ *(\d+) +\d+\.\d\d s +(\S+)/gm)];
    const counts = rows.map(([, count]) => Number(count));
    expect(rows.map(([, , scenario]) => scenario).sort()).toEqual(
      catalogue.scenarios.map(({ name }) => name).sort(),
    );
    expect(counts).toEqual([...counts].sort((a, b) => b - a));
    expect(out).toMatch(/^\d+ executions in \d+\.\d s, \d+ MiB at the most$/m);
  });

  it('is inconclusive where a bound was hit', async () => {
    const { code, out } = await fencepost(['regress', '--max-executions', '1', '-m', 'sc']);
    expect(code).toBe(3);
    expect(out).toContain('bounded');
  });
});
