// Installs the dependencies when the lock file differs from the one that was installed last.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { root, run, say } from './process.mjs';

const lock = join(root, 'package-lock.json');
const stamp = join(root, 'node_modules', '.fencepost-installed');

function wanted() {
  const file = existsSync(lock) ? lock : join(root, 'package.json');
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

/** The npm that called us, else the one on the path. */
function npm(args) {
  const caller = process.env.npm_execpath ?? '';
  if (basename(caller) === 'npm-cli.js') return run(process.execPath, [caller, ...args]);
  return run('npm', args, { shell: process.platform === 'win32' });
}

export async function ensureInstall() {
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted()) return 0;
  const verb = existsSync(lock) ? 'ci' : 'install';
  say(`installing dependencies (npm ${verb})`);
  // The build needs the development packages whatever NODE_ENV says.
  const code = await npm([verb, '--include=dev', '--no-audit', '--no-fund']);
  if (code !== 0) {
    say(`npm ${verb} failed with exit code ${code}; its message stands above.`);
    say('The first run needs the npm registry (or a filled npm cache); later runs need no network.');
    if (verb === 'ci') say('If package.json and package-lock.json disagree, run `npm install` once.');
    return code;
  }
  writeFileSync(stamp, wanted());
  return 0;
}
