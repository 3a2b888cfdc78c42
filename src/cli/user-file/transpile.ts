/** The JavaScript of a TypeScript or JavaScript source: types are taken away, nothing is checked. */
export type Transpiled =
  | { readonly code: string }
  | { readonly error: { readonly message: string; readonly line: number; readonly column: number } };

/** Loads the compiler when it is needed: most command lines never do. */
export async function transpile(source: string, path: string): Promise<Transpiled> {
  const { default: ts } = await import('typescript');
  const { outputText, diagnostics = [] } = ts.transpileModule(source, {
    fileName: path,
    reportDiagnostics: true,
    compilerOptions: {
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.ESNext,
      allowJs: true,
      inlineSourceMap: true,
    },
  });
  const first = diagnostics.find(({ category }) => category === ts.DiagnosticCategory.Error);
  if (first?.file === undefined) return { code: outputText };
  const { line, character } = ts.getLineAndCharacterOfPosition(first.file, first.start ?? 0);
  const message = ts.flattenDiagnosticMessageText(first.messageText, ' ');
  return { error: { message, line: line + 1, column: character + 1 } };
}
