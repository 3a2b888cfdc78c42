import { describe, expect, it } from 'vitest';
import type { World } from '../../../src/check/scenario.ts';
import { catalogue as own, fencepost } from '../../support/cli.ts';
import { insideFunction } from '../../support/mutants.ts';

const catalogue = { ...own, scenarios: own.scenarios.map(insideFunction) };

const onlyGate = ['mutants', '--only', 'gate-vs-fault'];

describe('fencepost mutants', () => {
  it('says where each mutant is caught, and which are not', async () => {
    const { code, out } = await fencepost(onlyGate, { catalogue });
    expect(code).toBe(1);
    expect(out).toMatch(/^drop fn: smp_mb\(\) +gate-vs-fault +x86-tso +no-stale-spte$/m);
    expect(out).toMatch(/\d+ mutants, \d+ caught, 0 explained, \d+ neither/);
    expect(out).toContain('SURVIVORS');
  });

  it('holds when every survivor is explained', async () => {
    const { out } = await fencepost([...onlyGate, '--json'], { catalogue });
    const { results } = JSON.parse(out) as { results: { mutant: string; caught: unknown }[] };
    const survivors = Object.fromEntries(
      results.filter(({ caught }) => caught === null).map(({ mutant }) => [mutant, 'an equivalent mutant']),
    );
    const explained = await fencepost(onlyGate, { catalogue: { ...catalogue, survivors } });
    expect(explained.code).toBe(0);
    expect(explained.out).toContain('an equivalent mutant');
  });

  it('tries the scenarios that pass few lines first', async () => {
    const [gate] = catalogue.scenarios;
    const halfWorld = (): World => {
      const world = gate.world();
      return { ...world, threads: world.threads.slice(0, 1), properties: [] };
    };
    const scenarios = [gate, { ...gate, name: 'half-a-gate', world: halfWorld }];
    const { out } = await fencepost(['mutants', '--json'], { catalogue: { ...catalogue, scenarios } });
    const { results } = JSON.parse(out) as { results: { scenarios: string[] }[] };
    const orders = new Set(results.map((result) => result.scenarios.join()));
    expect(orders).toContain('half-a-gate,gate-vs-fault');
    expect(orders).not.toContain('gate-vs-fault,half-a-gate');
  });

  it.each([
    [['--only', 'P1'], 'unknown-name'],
    [['--max-time', 'soon'], 'bad-time'],
    [['gate-vs-fault'], 'mutants'],
  ])('refuses %j', async (flags, text) => {
    const refused = await fencepost(['mutants', ...flags], { catalogue });
    expect(refused).toMatchObject({ code: 2, out: '' });
    expect(refused.err).toContain(text);
  });
});
