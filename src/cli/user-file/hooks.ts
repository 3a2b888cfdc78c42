/** Module hooks for scenario files of users; they run in Node's loader thread. */
import { readFile } from 'node:fs/promises';
import type { LoadHook, ResolveHook } from 'node:module';
import { fileURLToPath } from 'node:url';

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

export const load: LoadHook = async (url, context, next) => {
  if (!/^file:.*\.[cm]?ts$/.test(url) || url.includes('/node_modules/')) return next(url, context);
  const path = fileURLToPath(url);
  const source = await transpiled(await readFile(path, 'utf8'), path);
  return { format: 'module', source, shortCircuit: true };
};

/** Types taken away, nothing checked. Throws a SyntaxError whose message begins with `file:line:column: `. */
async function transpiled(source: string, path: string): Promise<string> {
  const { default: ts } = await import('typescript');
  const { outputText, diagnostics = [] } = ts.transpileModule(source, {
    fileName: path,
    reportDiagnostics: true,
    compilerOptions: {
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.ESNext,
      inlineSourceMap: true,
    },
  });
  const [first] = diagnostics.filter(({ category }) => category === ts.DiagnosticCategory.Error);
  if (first === undefined) return outputText;
  const { line, character } = ts.getLineAndCharacterOfPosition(first.file!, first.start!);
  const message = ts.flattenDiagnosticMessageText(first.messageText, ' ');
  throw new SyntaxError(`${path}:${line + 1}:${character + 1}: ${message}`);
}
