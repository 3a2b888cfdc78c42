/** Module hooks for scenario files of users; they run in Node's loader thread. */
import { readFile } from 'node:fs/promises';
import type { LoadHook, ResolveHook } from 'node:module';
import { fileURLToPath } from 'node:url';
import { transpile } from './transpile.ts';

export interface HookData {
  /** Our own entries by the name that files import. */
  readonly entries: Readonly<Record<string, string>>;
}

let entries: HookData['entries'] = {};

export function initialize(data: HookData): void {
  ({ entries } = data);
}

export const resolve: ResolveHook = (specifier, context, next) =>
  Object.hasOwn(entries, specifier)
    ? { url: entries[specifier], shortCircuit: true }
    : next(specifier, context);

/** Throws a SyntaxError whose message begins with `file:line:column: `: only its text crosses the threads. */
export const load: LoadHook = async (url, context, next) => {
  if (!/^file:.*\.[cm]?ts$/.test(url) || url.includes('/node_modules/')) return next(url, context);
  const path = fileURLToPath(url);
  const result = await transpile(await readFile(path, 'utf8'), path);
  if ('code' in result) return { format: 'module', source: result.code, shortCircuit: true };
  const { line, column, message } = result.error;
  throw new SyntaxError(`${path}:${line}:${column}: ${message}`);
};
