/** Memory models of the user in herd's cat language. */
import { readFileSync } from 'node:fs';
import { readCatModel, type CatModel } from '../../litmus/cat/index.ts';

/** The `.cat` file as the user named it, and where it is. */
export interface CatFile {
  readonly path: string;
  readonly shown: string;
}

const known = new Map<string, CatModel>();

/** Reads it, what it includes and the `.bell` file beside it, once. Throws a located FencepostError. */
export function catModelOf({ path, shown }: CatFile): CatModel {
  let model = known.get(path);
  if (model === undefined) {
    // Messages name files as the user did; the files beside it are named alike.
    const real = (name: string): string =>
      path.slice(0, path.lastIndexOf('/') + 1) + name.slice(shown.lastIndexOf('/') + 1);
    model = readCatModel(shown, (name) => textIfThere(real(name)));
    known.set(path, model);
  }
  return model;
}

function textIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
