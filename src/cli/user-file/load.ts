import { readFileSync, statSync } from 'node:fs';
import { register } from 'node:module';
import { pathToFileURL } from 'node:url';
import type { Scenario } from '../../check/scenario.ts';
import { FencepostError } from '../../program/error.ts';
import type { HookData } from './hooks.ts';
import { scenariosOf } from './shape.ts';
import { transpile } from './transpile.ts';

let hooked = false;

/**
 * Runs a scenario file of the user's own and gives what it exports. `shown` is its name in messages. Throws a
 * FencepostError for whatever is wrong with it: `no-such-file`, `scenario-file-syntax`,
 * `scenario-file-import`, `scenario-file-failed`, `scenario-shape`.
 */
export async function loadScenarioFile(path: string, shown: string): Promise<Scenario[]> {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) {
    throw new FencepostError('no-such-file', 'there is no such file', { file: shown });
  }
  if (!/\.[cm]?[jt]s$/.test(path)) {
    throw new FencepostError('not-a-scenario-file', 'a scenario file ends in .ts, .js or .mjs', {
      file: shown,
    });
  }
  hook();
  let exported: { readonly default?: unknown };
  try {
    exported = (await import(pathToFileURL(path).href)) as { readonly default?: unknown };
  } catch (error) {
    throw await explained(error, path, shown);
  }
  return scenariosOf(exported.default, shown);
}

/**
 * From now on `fencepost` means this package in every file, wherever it lies, and .ts files can be imported.
 */
function hook(): void {
  if (hooked) return;
  hooked = true;
  const names = ['fencepost', 'fencepost/mmu', 'fencepost/x86'];
  const data: HookData = {
    entries: Object.fromEntries(names.map((name) => [name, import.meta.resolve(name)])),
  };
  register('./hooks.js', { parentURL: import.meta.url, data });
}

async function explained(error: unknown, path: string, file: string): Promise<FencepostError> {
  if (error instanceof FencepostError) return error;
  if (!(error instanceof Error)) {
    return new FencepostError('scenario-file-failed', `it threw ${String(error)}`, { file });
  }
  const [message] = error.message.split('\n');
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ERR_MODULE_NOT_FOUND' || message.includes('does not provide an export')) {
    return new FencepostError('scenario-file-import', message, {
      file,
      hint: "a scenario file imports 'fencepost', and other files by a path with its ending: './world.ts'",
    });
  }
  if (error.name === 'SyntaxError') return syntaxError(message, path, file);
  const frame = /^\s+at (.*)$/m.exec(error.stack ?? '')?.[1].replace('file://', '');
  return new FencepostError('scenario-file-failed', `it threw ${error.name}: ${message}`, {
    file,
    hint: frame && `thrown at ${frame}`,
  });
}

/** Our hook names the place in the message; Node names it nowhere, so the compiler looks for it once more. */
async function syntaxError(message: string, path: string, file: string): Promise<FencepostError> {
  const placed = /^(.+?):(\d+):(\d+): (.*)$/.exec(message);
  if (placed !== null) {
    const [, where, line, column, what] = placed;
    const shown = where === path ? file : where;
    return new FencepostError('scenario-file-syntax', what, {
      file: shown,
      line: Number(line),
      column: Number(column),
    });
  }
  const found = await transpile(readFileSync(path, 'utf8'), path);
  if (!('error' in found)) return new FencepostError('scenario-file-syntax', message, { file });
  const { line, column, message: what } = found.error;
  return new FencepostError('scenario-file-syntax', what, { file, line, column });
}
