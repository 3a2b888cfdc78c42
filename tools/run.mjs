// The one entry of every npm script: installs and builds what is missing or out of date, then runs the task.
// Plain Node without dependencies and without pre/post hooks: it must work before `npm ci`, and with ignore-scripts.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ensureBuild } from './build.mjs';
import { ensureInstall } from './install.mjs';
import { root, run, say } from './process.mjs';

const node = (file, args, options) => run(process.execPath, [join(root, file), ...args], options);
const eslint = (args) => node('node_modules/eslint/bin/eslint.js', ['--max-warnings=0', '.', ...args]);
const biome = (args) => node('node_modules/@biomejs/biome/bin/biome', ['format', ...args]);
const checkTests = () => node('node_modules/typescript/bin/tsc', ['-p', 'test']);
const vitest = (args) => node('node_modules/vitest/vitest.mjs', ['run', ...args], { stdout: 'inherit' });

/** Runs a built program where the user stands, so that the file names in `args` mean what was typed. */
function program(file, args) {
  // npm moves to the package root before it runs a script and keeps the caller's folder in INIT_CWD.
  const caller = process.env.INIT_CWD;
  const cwd = caller && process.cwd() === root && existsSync(caller) ? caller : process.cwd();
  return node(join('dist', file), args, { cwd, stdout: 'inherit' });
}

/** Runs every check even when one fails, so that a stray blank hides no failing test. */
async function checks(steps) {
  const failed = [];
  for (const [label, step] of Object.entries(steps)) {
    const code = await step();
    if (code !== 0) failed.push({ label, code });
  }
  if (failed.length > 0) say(`failed: ${failed.map(({ label }) => label).join(', ')}`);
  return failed[0]?.code ?? 0;
}

const tasks = {
  start: (args) => [ensureBuild, () => program('src/cli/main.js', args)],
  bench: (args) => [ensureBuild, () => program('bench/main.js', args)],
  build: () => [ensureBuild],
  lint: (args) => [() => checks({ eslint: () => eslint(args), format: () => biome([]) })],
  format: () => [() => biome(['--write'])],
  test: (args) => [
    ensureBuild,
    () =>
      checks({
        'types of the tests': checkTests,
        eslint: () => eslint([]),
        format: () => biome([]),
        tests: () => vitest(args),
      }),
  ],
};

const [name = '', ...args] = process.argv.slice(2);
if (!Object.hasOwn(tasks, name)) {
  process.stderr.write(`usage: node tools/run.mjs ${Object.keys(tasks).join('|')} [arguments]\n`);
  process.exit(2);
}
for (const step of [ensureInstall, ...tasks[name](args)]) {
  const code = await step();
  if (code !== 0) process.exit(code);
}
