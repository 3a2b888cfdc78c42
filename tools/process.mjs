// Where the package lies, and child processes whose chatter goes to stderr unless their output is the result.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

export const say = (line) => process.stderr.write(`fencepost: ${line}\n`);

/** Resolves to the exit code; a death by signal counts as 128 + its number, as in a shell. */
export function run(command, args, { cwd = root, stdout = process.stderr, shell = false } = {}) {
  return new Promise((done) => {
    const child = spawn(command, args, { cwd, shell, stdio: ['inherit', stdout, 'inherit'] });
    // A terminal sends Ctrl-C to the whole group: outlive the child, and pass on only what reached us alone.
    const wait = () => {};
    const forward = (signal) => child.kill(signal);
    process.on('SIGINT', wait).on('SIGTERM', forward);
    const finish = (code) => {
      process.off('SIGINT', wait).off('SIGTERM', forward);
      done(code);
    };
    child.on('error', (error) => {
      say(`cannot run ${command}: ${error.message}`);
      finish(1);
    });
    child.on('exit', (code, signal) => finish(code ?? 128 + constants.signals[signal]));
  });
}
