import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fencepost } from '../../support/cli.ts';

const shapes = fileURLToPath(new URL('../../litmus/c/shapes', import.meta.url));
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fencepost-litmus-'));
  writeFileSync(join(folder, 'bad.litmus'), 'C bad\n{}\nP0(int *x)\n{\n\tMAGIC(x);\n}\nexists (x=1)\n');
});
afterAll(() => rmSync(folder, { recursive: true }));

const litmus = (...words: string[]): ReturnType<typeof fencepost> =>
  fencepost(['litmus', ...words], { cwd: shapes });

describe('fencepost litmus', () => {
  it("prints herd7's own format", async () => {
    const { code, out } = await litmus('mp-pointer.litmus', 'sb-mb.litmus', 'increments.litmus');
    expect(code).toBe(0);
    expect(out).toMatchInlineSnapshot(`
      "Test mp-pointer Allowed
      States 2
      1:r0=z; 1:r1=7;
      1:r0=x; 1:r1=1;
      No
      Witnesses
      Positive: 0 Negative: 2
      Condition exists (1:r0=x /\\ 1:r1=0)
      Observation mp-pointer Never 0 2
      Time mp-pointer 0.00

      Test sb-mb Forbidden
      States 3
      0:r0=0; 1:r0=1;
      0:r0=1; 1:r0=0;
      0:r0=1; 1:r0=1;
      Ok
      Witnesses
      Positive: 0 Negative: 3
      Condition ~exists (0:r0=0 /\\ 1:r0=0)
      Observation sb-mb Never 0 3
      Time sb-mb 0.00

      Test increments Required
      States 2
      1:r0=10; [c]=13;
      1:r0=11; [c]=13;
      Ok
      Witnesses
      Positive: 2 Negative: 0
      Condition forall ([c]=13)
      Observation increments Always 2 0
      Time increments 0.00

      "
    `);
  });

  it('prints one JSON object a line', async () => {
    const { code, out } = await litmus('--json', 'sb-once.litmus', join(folder, 'bad.litmus'));
    expect(code).toBe(2);
    const [good, bad] = out.trim().split('\n');
    expect(JSON.parse(good)).toEqual({
      test: 'sb-once.litmus',
      name: 'sb-once',
      model: 'lkmm',
      observation: 'Sometimes',
      states: 4,
      positive: 1,
      negative: 3,
      flags: [],
      executions: 4,
      exhaustive: true,
      seconds: 0,
      condition: 'exists (0:r0=0 /\\ 1:r0=0)',
      reach: 'all',
    });
    expect(JSON.parse(bad)).toMatchObject({ error: { code: 'unknown-macro', line: 5, column: 2 } });
  });

  it('explains its flags as they work here', async () => {
    const { out } = await fencepost(['litmus', '--help']);
    const text = out.replace(/\s+/g, ' ');
    expect(text).toContain('without it lkmm for C, x86-tso for x86 (sc, x86-tso');
    expect(text).toContain('--json one JSON object a line');
    expect(text).not.toContain('all without it');
    const check = (await fencepost(['check', '--help'])).out.replace(/\s+/g, ' ');
    expect(check).toContain('all without it (sc, x86-tso');
    expect(check).toContain('--json one JSON document instead of text');
  });

  it('says where a file cannot be read, and runs the rest', async () => {
    const { code, out, err } = await litmus(join(folder, 'bad.litmus'), 'sb-once.litmus');
    expect(code).toBe(2);
    expect(err).toContain('bad.litmus:5:2: unknown macro «MAGIC» [unknown-macro]\n  hint: ');
    expect(out).toContain('Observation sb-once Sometimes 1 3\n');
  });

  it('judges by the Result comments of a folder', async () => {
    const { code, out } = await litmus('--judge', '.');
    expect(code).toBe(0);
    expect(out).toContain('Observation mp-once Sometimes 1 3\n');
    expect(out).not.toContain('!!!');
  });

  it('says in the words of judgelitmus.sh what it does not know, and what else is wrong with a file', async () => {
    const unknown = await litmus('--judge', join(folder, 'bad.litmus'));
    expect(unknown.out).toMatch(/^ !!! Current LKMM version does not know "MAGIC" .*bad\.litmus\n$/);
    expect(unknown.code).toBe(2);
    const file = join(folder, 'initial.litmus');
    writeFileSync(file, 'C initial\n{ x = ATOMIC(1); }\nP0(int *x)\n{\n}\nexists (x=1)\n');
    expect((await litmus('--judge', file)).out).toContain('does not know "ATOMIC"');
    writeFileSync(file, 'C initial\n{}\nP0(int *x)\n{\n');
    expect((await litmus('--judge', file)).out).toMatch(/^ !!! Verification error .*initial\.litmus\n$/);
  });

  it('lets a process end while it holds a lock, as herd7 does', async () => {
    const file = join(folder, 'holds.litmus');
    writeFileSync(
      file,
      'C holds\n{}\nP0(spinlock_t *l, int *x)\n{\n\tspin_lock(l);\n\t*x = 1;\n}\nexists (x=1)\n',
    );
    for (const words of [[], ['--verdict-only'], ['-e', 'enumerate']])
      expect((await litmus(file, ...words)).out).toContain('Observation holds Always');
  });

  it('says in the words of judgelitmus.sh what is unexpected', async () => {
    const { code, out } = await litmus('--judge', '--model', 'sc', 'sb-once.litmus');
    expect(code).toBe(1);
    expect(out).toBe(
      'Observation sb-once Never 0 3\n !!! Unexpected non-Sometimes verification sb-once.litmus\n',
    );
  });

  it('compares with reference verdicts', async () => {
    const reference = join(folder, 'reference.jsonl');
    const verdict = {
      test: 'shapes/sb-once.litmus',
      observation: 'Sometimes',
      states: 4,
      positive: 1,
      negative: 3,
      flags: [],
    };
    writeFileSync(reference, `${JSON.stringify(verdict)}\n`);
    expect(await litmus('--reference', reference, 'sb-once.litmus', 'lb-once.litmus')).toMatchObject({
      code: 0,
      out: '1 agree, 0 differ, 1 without a reference\n',
    });
    writeFileSync(reference, `${JSON.stringify({ ...verdict, states: 3 })}\n`);
    const { code, out } = await litmus('--reference', reference, 'sb-once.litmus');
    expect(code).toBe(1);
    expect(out).toMatch(/shapes\/sb-once\.litmus +states +4 +3\n\n0 agree, 1 differ\n$/);
    writeFileSync(reference, '\nnonsense\n');
    expect((await litmus('--reference', reference, 'sb-once.litmus')).err).toContain('reference.jsonl:2:1: ');
  });

  it('stops after --max-time, says so, and judges nothing by what it has seen', async () => {
    const writers = Array.from({ length: 7 }, (_, i) => `P${i}(int *x) { WRITE_ONCE(*x, ${i}); }`);
    const file = join(folder, 'writers.litmus');
    writeFileSync(file, `C writers\n(* Result: Always *)\n{}\n${writers.join('\n')}\nexists (x=6)\n`);
    const bounded = (...words: string[]): ReturnType<typeof fencepost> =>
      fencepost(['litmus', '--max-time', '1ms', ...words, file], { tick: 5 });
    const { code, out } = await bounded('--json');
    expect(code).toBe(3);
    expect(JSON.parse(out)).toMatchObject({ exhaustive: false, executions: 256 });
    expect((await bounded()).out).toContain('Bounded writers: stopped before every execution was seen\n');
    const judged = await bounded('--judge');
    expect([judged.code, judged.out]).toEqual([3, expect.stringContaining(' !!! Timeout ')]);
  });

  it('refuses files and folders that are not there', async () => {
    expect(await litmus('nothing.litmus')).toMatchObject({ code: 2 });
    expect(await litmus('--model', 'power', 'sb-once.litmus')).toMatchObject({ code: 2 });
  });

  it('shows a bar to those who look', async () => {
    const count = readdirSync(shapes).length;
    const { err } = await fencepost(['litmus', '--judge', '.'], { cwd: shapes, errIsTerminal: true });
    expect(err).toContain(`${count}/${count} tests`);
    expect(err.endsWith('\r\x1b[K')).toBe(true);
  });
});
