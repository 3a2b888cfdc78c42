import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fencepost } from '../../support/cli.ts';

const shapes = fileURLToPath(new URL('../../litmus/c/shapes', import.meta.url));
const own = (name: string): string => fileURLToPath(new URL(`../../../models/cat/${name}`, import.meta.url));
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fencepost-cat-'));
  writeFileSync(join(folder, 'bad.cat'), '"bad"\ninclude "part.cat"\n');
  writeFileSync(join(folder, 'part.cat'), 'acyclic po |\n');
  writeFileSync(join(folder, 'all.cat'), '"all"\nflag ~empty rf as reads\n');
});
afterAll(() => rmSync(folder, { recursive: true }));

const litmus = (...words: string[]): ReturnType<typeof fencepost> =>
  fencepost(['litmus', ...words], { cwd: shapes });

describe('fencepost litmus --cat', () => {
  it('says what the built-in memory model says', async () => {
    const read = (text: string): unknown[] =>
      text
        .trim()
        .split('\n')
        .map((line) => {
          const { name, positive, negative, states } = JSON.parse(line) as Record<string, unknown>;
          return { name, positive, negative, states };
        });
    const cat = await litmus('--json', '--cat', own('lkmm.cat'), 'sb-mb.litmus', 'mp-pointer.litmus');
    const builtIn = await litmus('--json', '--model', 'lkmm', 'sb-mb.litmus', 'mp-pointer.litmus');
    expect(cat.code).toBe(0);
    expect(read(cat.out)).toEqual(read(builtIn.out));
  });

  it('prints the flags', async () => {
    const { out } = await litmus('--cat', join(folder, 'all.cat'), 'sb-mb.litmus');
    expect(out).toContain('Flag reads');
    expect(out).toContain('Observation sb-mb Sometimes 1 3');
  });

  it('says where a file goes wrong, as the user named it', async () => {
    const { code, err } = await litmus('--cat', join(folder, 'bad.cat'), 'sb-mb.litmus');
    expect(code).toBe(2);
    expect(err).toContain(`${join(folder, 'part.cat')}:2:1:`);
  });

  it('stands for the memory model and the engine', async () => {
    expect((await litmus('--cat', own('sc.cat'), '--model', 'sc', 'sb-mb.litmus')).code).toBe(2);
    expect((await litmus('--cat', own('sc.cat'), '--engine', 'graph', 'sb-mb.litmus')).code).toBe(2);
  });
});
