/**
 * Test data that is no part of the project: litmus tests with the verdicts of herd7 (GPL), and the mails that the
 * project began with. They lie in a folder `shared` beside the checkout, or where FENCEPOST_SHARED says.
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export interface SharedData {
  readonly folder: string;
  /** The same, for names below it. */
  readonly url: URL;
  /** Why there is none; undefined: it is there. */
  readonly missing: string | undefined;
}

/** A folder of the data, whether or not it is there. */
export function sharedData(name: string, env: NodeJS.ProcessEnv = process.env): SharedData {
  const { FENCEPOST_SHARED: shared = join(checkout(), '../shared') } = env;
  const folder = resolve(shared, name);
  const missing = existsSync(folder)
    ? undefined
    : `there is no ${folder}: set FENCEPOST_SHARED to the folder that has ${name}`;
  return { folder, url: pathToFileURL(`${folder}/`), missing };
}

export const litmusCorpus = sharedData('litmus');
export const mails = sharedData('mail');

function checkout(): string {
  // From the sources two folders up, from dist three.
  const above = ['../../', '../../../'].map((path) => fileURLToPath(new URL(path, import.meta.url)));
  return above.find((path) => existsSync(join(path, 'package.json'))) ?? above[0];
}
