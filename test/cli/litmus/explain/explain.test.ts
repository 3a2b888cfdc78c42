/** Whole explanations: read them beside this file. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fencepost } from '../../../support/cli.ts';

const shapes = fileURLToPath(new URL('../../../litmus/c/shapes', import.meta.url));
const own = fileURLToPath(new URL('.', import.meta.url));

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fencepost-explain-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const explain = async (file: string, ...more: string[]): Promise<string> => {
  const { code, out, err } = await fencepost(['litmus', '--explain', ...more, file], { cwd: shapes });
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return out.slice(out.indexOf('\n\n') + 2);
};

describe('fencepost litmus --explain', () => {
  it.each([
    'mp-wmb-rmb',
    'sb-once',
    'sb-mb',
    'lb-data',
    'lb-false-data',
    'coherence-rr',
    'rcu-mp',
    'srcu-mp',
    'lock-handover',
    'sb-after-unlock-lock',
    'mp-plain',
    'mp-pointer',
    'increments',
    'wrc-release',
  ])('says why of %s', async (name) => {
    await expect(await explain(`${name}.litmus`)).toMatchFileSnapshot(`${name}.txt`);
  });

  it('says why under x86-tso and sc', async () => {
    const file = `${own}/sb-mfences.litmus`;
    await expect(await explain(file)).toMatchFileSnapshot('sb-mfences.txt');
    await expect(await explain('sb-once.litmus', '-m', 'sc')).toMatchFileSnapshot('sb-once.sc.txt');
  });

  it('says where a test is too large', async () => {
    const fences = 'smp_mb();\n'.repeat(63);
    const process = (n: number, mine: string, other: string): string =>
      `P${n}(int *x, int *y)\n{\nWRITE_ONCE(*${mine}, 1);\n${fences}int r0 = READ_ONCE(*${other});\n}\n`;
    const file = join(folder, 'fences.litmus');
    writeFileSync(
      file,
      `C fences\n{}\n${process(0, 'x', 'y')}${process(1, 'y', 'x')}exists (0:r0=0 /\\ 1:r0=0)\n`,
    );
    expect(await explain(file)).toBe('Not explained: the executions have more than 128 events.\n\n');
  });

  it('says who waits where nothing ends', async () => {
    const file = join(folder, 'stuck.litmus');
    const process = (n: number, one: string, other: string): string =>
      `P${n}(spinlock_t *s, spinlock_t *t)\n{\nspin_lock(${one});\nspin_lock(${other});\n}\n`;
    writeFileSync(file, `C stuck\n{}\n${process(0, 's', 's')}${process(1, 't', 't')}exists (true)\n`);
    expect(await explain(file)).toBe(
      'No execution ends.\n  P0 waits in spin_lock(&s), P1 waits in spin_lock(&t) for ever\n\n',
    );
  });

  it('says that a lock has one holder where nothing else forbids the values', async () => {
    const file = join(folder, 'held.litmus');
    const process = 'P0(spinlock_t *s)\n{\nspin_lock(s);\nint r0 = spin_is_locked(s);\nspin_unlock(s);\n}\n';
    writeFileSync(file, `C held\n{}\n${process}exists (0:r0=0)\n`);
    expect(await explain(file)).toBe(
      'No execution ends with 0:r0=0: no candidate, where each lock is held by one process at a time, has such values.\n\n',
    );
  });

  it('tells the same done twice apart', async () => {
    const file = join(folder, 'twice.litmus');
    const writer = 'P0(int *x)\n{\nWRITE_ONCE(*x, 1);\nWRITE_ONCE(*x, 2);\nWRITE_ONCE(*x, 1);\n}\n';
    const reader =
      'P1(int *x)\n{\nint r0 = READ_ONCE(*x);\nint r1 = READ_ONCE(*x);\nint r2 = READ_ONCE(*x);\n}\n';
    writeFileSync(file, `C twice\n{}\n${writer}${reader}exists (1:r0=1 /\\ 1:r1=0 /\\ 1:r2=1)\n`);
    await expect(await explain(file)).toMatchFileSnapshot('twice.txt');
  });

  it('names the accesses of a race', async () => {
    const file = join(folder, 'race.litmus');
    const process = (n: number, what: string): string => `P${n}(int *x)\n{\n${what}\n}\n`;
    writeFileSync(file, `C race\n{}\n${process(0, '*x = 1;')}${process(1, 'int r0 = *x;')}exists (1:r0=1)\n`);
    await expect(await explain(file)).toMatchFileSnapshot('race.txt');
  });

  it('is a field of the JSON', async () => {
    const { out } = await fencepost(['litmus', '--explain', '--json', 'sb-mb.litmus'], { cwd: shapes });
    const { explanation } = JSON.parse(out) as { explanation: string[] };
    expect(explanation[0]).toContain('«propagation»');
  });

  it('does not explain memory models in cat', async () => {
    const { code, err } = await fencepost(['litmus', '--explain', '--cat', 'a.cat', 'sb-mb.litmus'], {
      cwd: shapes,
    });
    expect(code).toBe(2);
    expect(err).toContain('leave --explain or --cat out');
  });
});
