/**
 * Memory models in herd's cat language. `enumerate(tree, readCatModel(path, readFile))` runs one; `flags`
 * names what it reports beside the verdict.
 */
import { loadCat, type ReadFile } from './load.ts';
import { catModel, type CatModel } from './model.ts';

export { loadCat, type CatFiles, type ReadFile } from './load.ts';
export { catModel, type CatModel } from './model.ts';
export { parseCat } from './parser.ts';

/**
 * The memory model of a `.cat` file, the `.bell` file beside it included. Throws a located FencepostError.
 */
export function readCatModel(path: string, readFile: ReadFile): CatModel {
  return catModel(loadCat(path, readFile));
}
