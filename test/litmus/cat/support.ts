/** Memory models under `models/cat`, and small ones as text. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ReadFile } from '../../../src/litmus/cat/index.ts';
import { catModel, loadCat, type CatModel } from '../../../src/litmus/cat/index.ts';

const FOLDER = fileURLToPath(new URL('../../../models/cat/', import.meta.url));

export const readModelFile: ReadFile = (path) => {
  try {
    return readFileSync(FOLDER + path, 'utf8');
  } catch {
    return undefined;
  }
};

export function ownModel(name: string): CatModel {
  return catModel(loadCat(`${name}.cat`, readModelFile));
}

/** A memory model whose files are these texts; `model.cat` is the main one. */
export function modelOf(text: string, others: Readonly<Record<string, string>> = {}): CatModel {
  const files: Readonly<Record<string, string>> = { ...others, 'model.cat': text };
  return catModel(loadCat('model.cat', (path) => (Object.hasOwn(files, path) ? files[path] : undefined)));
}
