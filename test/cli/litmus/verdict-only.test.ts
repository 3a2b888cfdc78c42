import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runLitmus } from '../../../src/cli/litmus/run.ts';
import { readLitmus } from '../../../src/litmus/read.ts';
import { lkmm } from '../../../src/memory/lkmm/index.ts';
import { fencepost } from '../../support/cli.ts';

const shapes = fileURLToPath(new URL('../../litmus/c/shapes', import.meta.url));
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fencepost-verdict-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const verdictOnly = (...words: string[]): ReturnType<typeof fencepost> =>
  fencepost(['litmus', '--verdict-only', ...words], { cwd: shapes });

describe('fencepost litmus --verdict-only', () => {
  it('gives the observation and says that nothing was counted', async () => {
    expect(await verdictOnly('mp-pointer.litmus')).toEqual({
      code: 0,
      err: '',
      out: [
        'Test mp-pointer Allowed',
        'No',
        'Condition exists (1:r0=x /\\ 1:r1=0)',
        'Observation mp-pointer Never',
        'Counts mp-pointer: not asked for, so there are no states either and flags were not judged',
        'Time mp-pointer 0.00',
        '\n',
      ].join('\n'),
    });
  });

  it('has no numbers in JSON', async () => {
    const { out } = await verdictOnly('--json', 'sb-once.litmus');
    expect(JSON.parse(out)).toEqual({
      test: 'sb-once.litmus',
      name: 'sb-once',
      model: 'lkmm',
      observation: 'Sometimes',
      counts: 'not asked',
      flags: 'not judged',
      exhaustive: true,
      seconds: 0,
      condition: 'exists (0:r0=0 /\\ 1:r0=0)',
      reach: 'all',
    });
  });

  it('compares the observation alone with a reference', async () => {
    const reference = join(folder, 'reference.jsonl');
    const verdict = {
      test: 'sb-once.litmus',
      observation: 'Sometimes',
      states: 99,
      positive: 7,
      negative: 7,
    };
    writeFileSync(reference, `${JSON.stringify({ ...verdict, flags: [] })}\n`);
    const compare = ['--reference', reference, 'sb-once.litmus'];
    expect(await verdictOnly(...compare)).toMatchObject({ code: 0, out: '1 agree, 0 differ\n' });
    expect(await verdictOnly('--model', 'sc', ...compare)).toMatchObject({ code: 1 });
  });

  it.each([['--judge'], ['--explain'], ['--engine', 'enumerate'], ['--cat', 'sc.cat']])(
    'refuses %s, which needs more than the verdict',
    async (...words) => {
      const { code, err } = await verdictOnly(...words, 'sb-once.litmus');
      expect(code).toBe(2);
      expect(err).toContain(`--verdict-only and ${words[0]} do not go together [verdict-only]`);
    },
  );

  it('is bounded when its time is up first', async () => {
    const file = join(folder, 'chain.litmus');
    writeFileSync(file, chain('GRGRGRGRGRGRGRGR'));
    const words = ['litmus', '--verdict-only', '--max-time', '1s', file];
    const { code, out } = await fencepost(words, { cwd: shapes, tick: 600 });
    expect(code).toBe(3);
    expect(out).toContain('Bounded chain: stopped before every execution was seen\n');
  });
});

describe('RCU chains', () => {
  it('are forbidden by at least as many grace periods as sections, however long', () => {
    const long = fc
      .array(fc.constantFrom('G', 'R'), { minLength: 2, maxLength: 24 })
      .map((all) => all.join(''));
    fc.assert(
      fc.property(long, (processes) => {
        const test = readLitmus(chain(processes), 'chain.litmus');
        const gracePeriods = processes.split('G').length - 1;
        const { observation, exhaustive } = runLitmus(test, lkmm, {
          engine: 'graph',
          verdictOnly: true,
          now: () => 0,
        });
        expect(exhaustive).toBe(true);
        expect(observation).toBe(gracePeriods * 2 >= processes.length ? 'Never' : 'Sometimes');
      }),
      { numRuns: 25 },
    );
  }, 60_000);
});

/** Processes in a circle that hand each other 1, each around a grace period (G) or inside a read section (R). */
function chain(processes: string): string {
  const bodies = [...processes].map((kind, i) => {
    const [from, to] = [`x${i}`, `x${(i + 1) % processes.length}`];
    const [read, write] = [`r1 = READ_ONCE(*${from});`, `WRITE_ONCE(*${to}, 1);`];
    const steps =
      kind === 'G'
        ? [read, 'synchronize_rcu();', write]
        : ['rcu_read_lock();', read, write, 'rcu_read_unlock();'];
    return `P${i}(int *${from}, int *${to})\n{\n\tint r1;\n\n\t${steps.join('\n\t')}\n}\n`;
  });
  const asked = [...processes].map((_, i) => `${i}:r1=1`).join(' /\\ ');
  return `C chain\n{}\n${bodies.join('\n')}\nexists (${asked})\n`;
}
