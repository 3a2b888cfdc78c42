import { describe, expect, it } from 'vitest';
import { loadSequential } from '../../../src/cli/mmu/load.ts';
import { fencepost } from '../../support/cli.ts';

describe('fencepost mmu', () => {
  it('names its four commands', async () => {
    const { code, out } = await fencepost(['mmu', '--help']);
    expect(code).toBe(0);
    for (const name of ['search', 'mutants', 'cost', 'list'])
      expect(out).toMatch(new RegExp(`^  ${name} `, 'm'));
    expect((await fencepost(['mmu'])).code).toBe(2);
    const { code: misspelt, err } = await fencepost(['mmu', 'serach']);
    expect(misspelt).toBe(2);
    expect(err).toMatch(/unknown command 'serach'\n\(Did you mean search\?\)/);
  });

  it.each([
    ['search', ['--strict', '--random', '--policy'], ['--fault-at', '--trace']],
    ['mutants', ['--fault-at', '--depth', '--policy'], ['--strict', '--random', '--seed', '--steps']],
    ['cost', ['--json'], ['--policy', '--depth']],
    ['list', ['--json', '[WORD...]'], ['--policy', '--depth']],
  ])('%s has a help of its own', async (name, has, hasNot) => {
    const { code, out } = await fencepost(['mmu', name, '--help']);
    expect(code).toBe(0);
    expect(out).toContain(`Usage: fencepost mmu ${name} `);
    expect(out).toContain(`fencepost mmu ${name}`);
    for (const text of has) expect(out).toContain(text);
    for (const text of hasNot) expect(out).not.toContain(text);
    expect((await fencepost(['mmu', 'help', name])).out).toBe(out);
  });

  it.each([
    ['mutants --strict', 'mutants', 'strict', '`fencepost mmu search`'],
    ['mutants --random 3', 'mutants', 'random', '`fencepost mmu search`'],
    ['mutants --seed 3', 'mutants', 'seed', '`fencepost mmu search`'],
    ['mutants --steps', 'mutants', 'steps', '`fencepost mmu search`'],
    ['search --fault-at mmu_set_spte', 'search', 'fault-at', '`fencepost mmu mutants`'],
    ['cost --policy c13', 'cost', 'policy', '`fencepost mmu search`, `fencepost mmu mutants`'],
    ['list --depth 3', 'list', 'depth', '`fencepost mmu search`, `fencepost mmu mutants`'],
  ])('refuses what has no effect: %s', async (line, command, option, others) => {
    const { code, out, err } = await fencepost(['mmu', ...line.split(' ')]);
    expect(err).toBe(
      `fencepost: \`fencepost mmu ${command}\` has no option --${option} [option-not-here]\n  hint: it is one of ${others}\n`,
    );
    expect(out).toBe('');
    expect(code).toBe(2);
  });

  it.each([
    ['search c13', /takes no word, such as «c13» \[unexpected-word\]\n {2}hint: it has options: --policy, /],
    ['search --seed 3', /--seed says .* \[seed-without-random\]/],
    ['mutants --policy c13,c14', /«c13» or «c14» \[one-policy\]/],
    [
      'search --mmu tdp --world shadow-pcids',
      /is of --mmu shadow, not of --mmu tdp \[mmu-without-world\][^]* tdp-pcids/,
    ],
    ['mutants --mmu tdp --world shadow-pcids', /\[mmu-without-world\]/],
    ['search --mmu shadwo', /there is no mmu «shadwo» \[unknown-mmu\]\n {2}hint: did you mean «shadow»\?/],
    ['search --mmu tpd --world tdp-pcids', /\[unknown-mmu\]/],
  ])('refuses %s', async (line, message) => {
    const { code, out, err } = await fencepost(['mmu', ...line.split(' ')]);
    expect(err).toMatch(message);
    expect(out).toBe('');
    expect(code).toBe(2);
  });

  it('may tell a world by its name alone', async () => {
    const { WORLDS } = await loadSequential();
    const names = Object.values(WORLDS).flatMap((worlds) => worlds.map(({ name }) => name));
    expect(new Set(names).size).toBe(names.length);
  });
});
