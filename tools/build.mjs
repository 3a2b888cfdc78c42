// Compiles the sources into dist when they differ from those of the last successful build.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { root, run, say } from './process.mjs';

/** All that is compiled: the `include` of tsconfig.json. What these import must lie in them too. */
export const folders = ['src', 'models', 'scenarios', 'bench', 'test/support'];
const dist = join(root, 'dist');
const stamp = join(dist, '.fencepost-built');
const output = /(\.d\.ts|\.js|\.js\.map)$/;

function files(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}

const sources = () =>
  folders.flatMap((name) => files(join(root, name))).filter((file) => file.endsWith('.ts'));
const built = (source) => join(dist, relative(root, source).replace(/\.ts$/, '.js'));

/** Names, sizes and times of all that the build depends on: a checkout of older files counts as a change too. */
function fingerprint(list) {
  const hash = createHash('sha256').update(readFileSync(join(root, 'node_modules', '.fencepost-installed')));
  for (const file of [...list, join(root, 'tsconfig.json')]) {
    const { size, mtimeMs } = statSync(file);
    hash.update(`${relative(root, file)} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex');
}

/** tsc never deletes: without this the scenario of another branch would still be found in dist. */
function prune() {
  for (const file of folders.flatMap((name) => files(join(dist, name)))) {
    const source = join(root, relative(dist, file).replace(output, '.ts'));
    if (output.test(file) && !existsSync(source)) rmSync(file);
  }
}

export async function ensureBuild() {
  const list = sources();
  const now = fingerprint(list);
  const complete = list.every((source) => existsSync(built(source)));
  if (complete && existsSync(stamp) && readFileSync(stamp, 'utf8') === now) return 0;
  say('building');
  // A build that fails half way leaves outputs behind, so until the next success nothing counts as built.
  rmSync(stamp, { force: true });
  prune();
  // tsc believes its build info, not the folder: forget it when outputs are missing.
  if (!complete) rmSync(join(dist, 'tsconfig.tsbuildinfo'), { force: true });
  const code = await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc')]);
  if (code !== 0) {
    say('the build failed; the errors stand above.');
    return code;
  }
  mkdirSync(dist, { recursive: true });
  writeFileSync(stamp, now);
  return 0;
}
