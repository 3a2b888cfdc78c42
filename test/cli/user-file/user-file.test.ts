/** Scenario files of users, as they run them: with the built command, from a folder outside the package. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { scenariosOf } from '../../../src/cli/user-file/shape.ts';
import { FencepostError } from '../../../src/program/error.ts';
import { gate } from '../../support/scenarios.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'fencepost-')));
const save = (name: string, text: string): void => writeFileSync(join(folder, name), text);

const node = (args: readonly string[]) =>
  spawnSync(process.execPath, args, {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
  });
const fencepost = (...argv: string[]) => node([join(root, 'bin/fencepost.js'), ...argv]);

const BODY = `
  name: 'store-buffering',
  question: 'Can both read 0?',
  expectations: [
    {
      proposals: ['as-written'],
      verdicts: { 'x86-tso': 'violated', 'lkmm-marked': 'violated', lkmm: 'violated' },
      because: 'each store may wait while the other CPU reads',
    },
  ],
  world() {
    const memory = new Memory();
    const [x, y, a, b] = ['x', 'y', 'a', 'b'].map((name) => memory.location(name));
    return {
      memory,
      threads: [threadOf('CPU0', x, y, a), threadOf('CPU1', y, x, b)],
      properties: [
        {
          name: 'one-sees-the-other',
          doc: 'at least one of the two reads sees the store',
          check: (final) => (final.value(a) + final.value(b) === 2 ? 'both read 0' : undefined),
        },
      ],
    };
  },
`;

describe('a scenario file', () => {
  beforeAll(() => {
    expect(node([join(root, 'tools/run.mjs'), 'build']).status).toBe(0);
    save(
      'thread.ts',
      `import { readOnce, writeOnce, type Location, type Thread } from 'fencepost';
export const threadOf = (name: string, mine: Location, other: Location, out: Location): Thread => ({
  name,
  *body() {
    yield* writeOnce(mine, 1);
    const seen = yield* readOnce(other);
    yield* writeOnce(out, seen.value === 0 ? 1 : 0, { data: [seen] });
  },
});
`,
    );
    save(
      'mine.ts',
      `import { Memory, type Scenario } from 'fencepost';
import { threadOf } from './thread.ts';
const scenario = {${BODY}} satisfies Partial<Scenario>;
export default scenario;
`,
    );
    save(
      'mine.mjs',
      `import { Memory, readOnce, writeOnce } from 'fencepost';
const threadOf = (name, mine, other, out) => ({
  name,
  *body() {
    yield* writeOnce(mine, 1);
    const seen = yield* readOnce(other);
    yield* writeOnce(out, seen.value === 0 ? 1 : 0, { data: [seen] });
  },
});
export default [{${BODY}}];
`,
    );
    save('types.ts', `import { Memory } from 'fencepost';\n\nexport default { name: 'x' question: 'y' };\n`);
    save('syntax.mjs', `export default {\n  name: = 3,\n};\n`);
    save('missing.ts', `import { nothing } from './nowhere.ts';\nexport default nothing;\n`);
    save('wrong-name.ts', `import { lode } from 'fencepost';\nexport default lode;\n`);
    save(
      'throws.ts',
      `interface A { a: number }\n\nconst a = undefined as unknown as { b: A };\nexport default a.b.a;\n`,
    );
    save('nothing.ts', `export const scenario = 1;\n`);
    save('shape.ts', `export default [{ name: 'x', question: 'y', world: 3 }];\n`);
    save('world.ts', `export default { name: 'x', question: 'y', world: () => ({ threads: [] }) };\n`);
    // The build takes a while where other work keeps the machine busy.
  }, 120_000);

  it.each(['mine.ts', 'mine.mjs', join(folder, 'mine.ts')])('runs: %s', (file) => {
    const { status, stdout, stderr } = fencepost('check', file);
    expect(stderr).toBe('');
    expect(stdout).toContain('4 verdicts, 4 as expected; every execution was explored.');
    expect(status).toBe(0);
  });

  it('replays with the file beside the id', () => {
    const { stdout } = fencepost('check', 'mine.ts', '-m', 'x86-tso', '--trace');
    const [id] = /fp1:\S+/.exec(stdout) ?? [''];
    const again = fencepost('replay', id, 'mine.ts');
    expect(again.stdout).toContain(
      'violated: one-sees-the-other (expected of as-written under x86-tso: violated)',
    );
    expect(again.status).toBe(0);
    expect(fencepost('replay', id).stderr).toContain(
      'there is no scenario «store-buffering» [unknown-scenario]',
    );
  });

  it.each([
    ['types.ts', `fencepost: types.ts:3:28: ',' expected. [scenario-file-syntax]`],
    ['syntax.mjs', 'fencepost: syntax.mjs:2:9: Expression expected. [scenario-file-syntax]'],
    ['missing.ts', 'missing.ts: Cannot find module'],
    ['wrong-name.ts', "does not provide an export named 'lode'"],
    ['throws.ts', 'throws.ts: it threw TypeError: Cannot read properties of undefined'],
    ['nothing.ts', 'nothing.ts: there is no default export [scenario-shape]'],
    [
      'shape.ts',
      'shape.ts: «[0].world» must be a function that returns { memory, threads, properties } [scenario-shape]',
    ],
    ['world.ts', 'scenario «x»: what world() returns has no memory [world-incomplete]'],
  ])('that is wrong ends with 2 and says where: %s', (file, message) => {
    const { status, stdout, stderr } = fencepost('check', file, '-m', 'sc');
    expect(stderr).toContain(message);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(stdout).not.toContain('safe');
    expect(status).toBe(2);
  });
});

describe('the shape of a scenario', () => {
  const plain = { name: 'x', question: 'y', world: () => gate.world() };
  const wrong = (exported: unknown): string => {
    try {
      scenariosOf(exported, 'mine.ts');
    } catch (error) {
      if (error instanceof FencepostError)
        return `${error.place.file}: ${error.message}${error.hint === undefined ? '' : ` (${error.hint})`}`;
      throw error;
    }
    return 'nothing';
  };

  it('is what the README shows, command and trace', () => {
    const readme = readFileSync(join(root, 'README.md'), 'utf8');
    const [, example] = /`lost-wakeup\.ts`:\n\n```ts\n([^]*?)```/.exec(readme) ?? [];
    const [, command, trace] =
      /`npx fencepost (check lost-wakeup\.ts[^`]*)`[^`]*```\n([^]*?)```/.exec(readme) ?? [];
    save('lost-wakeup.ts', example);
    const { status, stdout } = fencepost(...command.split(' '));
    expect(status).toBe(0);
    expect(stdout).toContain(`\n${trace}`);
    expect(stdout.match(/FAIL/g)).toHaveLength(1);
    expect(fencepost('check', 'lost-wakeup.ts').stdout).toContain('8 verdicts, 8 as expected');
  });

  it('may leave out what has an obvious default', () => {
    const [scenario] = scenariosOf(plain, 'mine.ts');
    expect(scenario).toMatchObject({ name: 'x', doc: '', sources: [], sites: [], expectations: [] });
    expect(scenario.proposals.map(({ name }) => name)).toEqual(['as-written']);
    expect(scenariosOf([gate], 'mine.ts')[0].sites).toBe(gate.sites);
  });

  it.each([
    [3, '«the default export» must be an object with name, question and world'],
    [[], 'the default export is an empty list'],
    [[plain, null], '«[1]» must be an object with name, question and world'],
    [{ ...plain, name: 'a b' }, '«name» must be a name without blanks, colons, commas and slashes'],
    [{ ...plain, question: 7 }, '«question» must be a text'],
    [{ ...plain, sources: 'mail' }, '«sources» must be a list'],
    [{ ...plain, sites: [{ name: 's', fn: 'f', doc: '' }] }, '«sites[0].options» must be a list of texts'],
    [{ ...plain, proposals: [] }, '«proposals» must be a list with at least one proposal'],
    [
      { ...plain, proposals: [{ name: 'p', doc: '' }] },
      '«proposals[0].choices» must be an object from site names to options',
    ],
    [
      { ...gate, proposals: [{ name: 'p', doc: '', choices: { 'before-gat': 'smp_mb()' } }] },
      '«proposals[0].choices»: there is no site «before-gat» (did you mean «before-gate»?)',
    ],
    [
      { ...gate, proposals: [{ name: 'p', doc: '', choices: { 'before-gate': 'smp_bm()' } }] },
      '«proposals[0].choices.before-gate»: there is no option «smp_bm()» (did you mean «smp_mb()»?)',
    ],
    [
      { ...plain, proposals: [{ name: 'p', doc: '', choices: { gate: 'smp_mb()' } }] },
      '«proposals[0].choices»: there is no site «gate» (the scenario has no sites: list them in `sites`)',
    ],
    [
      { ...plain, expectations: [{ proposals: ['v7'], verdicts: {}, because: '' }] },
      "«expectations[0].proposals» must be names of this scenario's proposals; «v7» is none",
    ],
    [
      { ...plain, expectations: [{ proposals: [], verdicts: { tso: 'safe' }, because: '' }] },
      '«expectations[0].verdicts» must be memory models (sc, x86-tso, lkmm-marked, lkmm); «tso» is none',
    ],
    [
      { ...plain, expectations: [{ proposals: [], verdicts: { sc: 'maybe' }, because: '' }] },
      "«expectations[0].verdicts.sc» must be 'safe' or 'violated'",
    ],
  ])('%#: is checked field by field', (exported, message) => {
    expect(wrong(exported)).toBe(`mine.ts: ${message}`);
  });
});
