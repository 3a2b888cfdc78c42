/** Files of a memory model: the `.cat` file, the `.bell` file beside it, and what they include. */
import { LIBRARY } from './library.ts';
import { parseCat } from './parser.ts';
import { catError, type CatPlace } from './place.ts';
import type { Statement } from './syntax.ts';

/**
 * A memory model as read, includes resolved: the statements of the `.bell` file come first, as with herd's
 * `-bell`.
 */
export interface CatFiles {
  readonly path: string;
  readonly title: string | undefined;
  readonly statements: readonly Statement[];
}

/** The text of a file; undefined when there is none. */
export type ReadFile = (path: string) => string | undefined;

/** Reads a memory model; throws a located FencepostError. */
export function loadCat(path: string, readFile: ReadFile): CatFiles {
  const whole = { file: path, line: 1, column: 1 };
  const text = readFile(path);
  if (text === undefined) throw catError('cat-file', `there is no file ${path}`, whole);
  const bellPath = path.replace(/(\.cat)?$/, '.bell');
  const bell = readFile(bellPath);
  const included = new Set([path, bellPath]);
  const before = bell === undefined ? [] : resolved(parseCat(bellPath, bell).statements);
  const { title, statements } = parseCat(path, text);
  return { path, title, statements: [...before, ...resolved(statements)] };

  function resolved(list: readonly Statement[]): Statement[] {
    return list.flatMap((statement): Statement[] => {
      switch (statement.kind) {
        case 'include':
          return include(statement.file, statement.place);
        case 'if':
          return [{ ...statement, yes: resolved(statement.yes), no: resolved(statement.no) }];
        case 'procedure':
          return [{ ...statement, body: resolved(statement.body) }];
        case 'let':
        case 'check':
        case 'with':
        case 'enum':
        case 'instructions':
        case 'call':
        case 'show':
          return [statement];
      }
    });
  }

  /** Once each, as herd does; so files that include each other come to an end. */
  function include(name: string, place: CatPlace): Statement[] {
    const beside = besideOf(place.file, name);
    const own = readFile(beside);
    const source = own ?? LIBRARY.get(name);
    if (source === undefined)
      throw catError(
        'cat-file',
        `there is no file "${name}"`,
        place,
        `neither ${beside} nor in herd's library`,
      );
    const file = own === undefined ? `herd:${name}` : beside;
    if (included.has(file)) return [];
    included.add(file);
    return resolved(parseCat(file, source).statements);
  }
}

function besideOf(path: string, name: string): string {
  return path.slice(0, path.lastIndexOf('/') + 1) + name;
}
