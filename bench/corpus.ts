/**
 * `npm run bench -- corpus [FOLDER|FILE…]`: every litmus test of at most 12 events by the graph explorer, by the
 * enumeration oracle, and by enumeration over the memory model in cat; all three must find the same executions.
 */
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readInput } from '../src/cli/input.ts';
import { filesOf, type LitmusFile } from '../src/cli/litmus/files.ts';
import { tableOf, type Column } from '../src/cli/table.ts';
import { readCatModel, type CatModel } from '../src/litmus/cat/index.ts';
import { readLitmus } from '../src/litmus/read.ts';
import { lkmm } from '../src/memory/lkmm/index.ts';
import { x86Tso } from '../src/memory/total-store-order.ts';
import { FencepostError } from '../src/program/error.ts';
import { litmusCorpus } from '../test/support/corpus.ts';
import { threeWays, TooLarge, type Bounds, type Difference } from '../test/support/three-ways.ts';

/** A step of enumeration is a judged candidate or less: the largest tests take some minutes. */
const BOUNDS: Bounds = { events: 12, executions: 50_000, steps: 3_000_000 };

const COLUMNS: readonly Column[] = [
  { title: 'tests' },
  ...['files', 'refused', 'larger', 'compared', 'not finished', 'executions', 'not built', 'seconds'].map(
    (title): Column => ({ title, align: 'right' }),
  ),
];

/** What the tests of one folder have come to. */
class Tally {
  files = 0;
  refused = 0;
  larger = 0;
  compared = 0;
  unfinished = 0;
  executions = 0;
  notBuilt = 0;
  seconds = 0;

  row(name: string): { text: string }[] {
    const { files, refused, larger, compared, unfinished, executions, notBuilt, seconds } = this;
    const counts = [files, refused, larger, compared, unfinished, executions, notBuilt];
    return [name, ...counts.map(String), seconds.toFixed(0)].map((text) => ({ text }));
  }
}

/** Prints differences as they are found, then a table. Gives how many tests differ. Throws a FencepostError. */
export function corpus(words: readonly string[]): number {
  if (words.length === 0 && litmusCorpus.missing !== undefined)
    throw new FencepostError('no-corpus', litmusCorpus.missing);
  const files = filesOf(words.length > 0 ? words : [litmusCorpus.folder], process.cwd());
  const models = { C: ownCat('lkmm'), x86: ownCat('x86-tso') };
  const tallies = new Map<string, Tally>();
  let different = 0;
  for (const file of files) {
    const folder = dirname(file.name).split('/').slice(0, 2).join('/');
    const tally = tallies.get(folder) ?? new Tally();
    tallies.set(folder, tally);
    const start = performance.now();
    different += Number(!agrees(file, models, tally));
    tally.seconds += (performance.now() - start) / 1000;
  }
  console.log(
    tableOf(
      COLUMNS,
      [...tallies].map(([name, tally]) => tally.row(name)),
    ),
  );
  console.log(`${different} tests differ`);
  return different;
}

function agrees(
  file: LitmusFile,
  models: { readonly C: CatModel; readonly x86: CatModel },
  tally: Tally,
): boolean {
  tally.files += 1;
  try {
    const test = readLitmus(readInput(file.path, file.shown), file.shown);
    const [model, cat] = test.arch === 'C' ? [lkmm, models.C] : [x86Tso, models.x86];
    const { executions, explorer, cat: byCat, notBuilt } = threeWays(test, model, cat, BOUNDS);
    tally.compared += 1;
    tally.executions += executions;
    tally.notBuilt += notBuilt;
    const differences = [...lines('explorer', explorer), ...lines('cat', byCat)];
    for (const line of differences) console.log(`${file.name}: ${line}`);
    return differences.length === 0;
  } catch (error) {
    if (error instanceof FencepostError) tally.refused += 1;
    else if (!(error instanceof TooLarge)) throw error;
    else if (error.bound === 'events') tally.larger += 1;
    else {
      tally.unfinished += 1;
      console.log(`${file.name}: not finished: more than ${BOUNDS[error.bound]} ${error.bound}`);
    }
    return true;
  }
}

function lines(way: string, difference: Difference): string[] {
  return (['missing', 'extra', 'duplicate'] as const).flatMap((what) =>
    difference[what].length === 0 ? [] : [`${way}: ${difference[what].length} ${what}`],
  );
}

/** Of `models/cat`, which is not compiled. */
function ownCat(name: string): CatModel {
  const folder = fileURLToPath(new URL('../../models/cat/', import.meta.url));
  return readCatModel(`${name}.cat`, (path) => {
    try {
      return readFileSync(folder + path, 'utf8');
    } catch {
      return undefined;
    }
  });
}
