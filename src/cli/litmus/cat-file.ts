/** Memory models of the user in herd's cat language. */
import { existsSync } from 'node:fs';
import { readCatModel, type CatModel } from '../../litmus/cat/index.ts';
import { readInput } from '../input.ts';

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
    // Of a file that is included the message says where, and not every one has a .bell file.
    const isThere = (name: string): boolean => name === shown || existsSync(real(name));
    model = readCatModel(shown, (name) => (isThere(name) ? readInput(real(name), name) : undefined));
    known.set(path, model);
  }
  return model;
}
