import { statSync } from 'node:fs';
import { register } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Scenario } from '../../check/scenario.ts';
import { FencepostError } from '../../program/error.ts';
import type { HookData } from './hooks.ts';
import { scenariosOf } from './shape.ts';

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
    throw explained(error, shown);
  }
  return scenariosOf(exported.default, shown);
}

/** From now on `fencepost` means this package in every file, wherever it lies, and .ts files can be imported. */
function hook(): void {
  if (hooked) return;
  hooked = true;
  const names = ['fencepost', 'fencepost/mmu'];
  const data: HookData = {
    entries: Object.fromEntries(names.map((name) => [name, import.meta.resolve(name)])),
  };
  register('./hooks.js', { parentURL: import.meta.url, data });
}

function explained(error: unknown, file: string): FencepostError {
  if (error instanceof FencepostError) return error;
  if (!(error instanceof Error)) {
    return new FencepostError('scenario-file-failed', `it threw ${String(error)}`, { file });
  }
  const [message] = error.message.split('\n');
  if (error.name === 'SyntaxError') {
    // Ours name the place in the message, Node's at the top of the stack.
    const ours = /^(.+?):(\d+):(\d+): (.*)$/.exec(message);
    if (ours !== null)
      return new FencepostError('scenario-file-syntax', ours[4], {
        file: ours[1],
        line: Number(ours[2]),
        column: Number(ours[3]),
      });
    const at = /^(file:\S+?):(\d+)$/m.exec(error.stack ?? '');
    return new FencepostError('scenario-file-syntax', message, {
      file: at === null ? file : fileURLToPath(at[1]),
      line: at === null ? undefined : Number(at[2]),
    });
  }
  if ((error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND') {
    return new FencepostError('scenario-file-import', message, {
      file,
      hint: "a scenario file imports 'fencepost', and other files by a path with its ending: './world.ts'",
    });
  }
  const frame = /^\s+at (.*)$/m.exec(error.stack ?? '')?.[1].replace('file://', '');
  return new FencepostError('scenario-file-failed', `it threw ${error.name}: ${message}`, {
    file,
    hint: frame && `thrown at ${frame}`,
  });
}
