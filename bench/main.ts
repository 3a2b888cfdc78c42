/**
 * `npm run bench`: the explorer on its reference programs under every memory model, each case in a fresh
 * process on one core. Absolute rates belong to the machine they were measured on; what travels are the
 * ratios, to x86-tso on the same program in the same run. Words choose programs by how their names begin; the word
 * `corpus` runs corpus.ts instead.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { errorText } from '../src/cli/report-error.ts';
import { MODEL_NAMES, type ModelName } from '../src/memory/model.ts';
import { FencepostError } from '../src/program/error.ts';
import type { Measurement } from './case.ts';
import { corpus } from './corpus.ts';

const PROGRAMS = [
  'sb-12',
  'writers-9',
  'locked-5',
  'lock-3-3',
  'lock-4-2',
  'mp-3-2',
  'mp-5-3',
  'mp-6-4',
  'miniature-2-2',
  'miniature-2-3',
  'miniature-3-2',
];
const REFERENCE: ModelName = 'x86-tso';
const COLUMNS = [
  'program',
  'model',
  'executions',
  'blocked',
  'events',
  'seconds',
  'exec/s',
  'ratio',
  'peak MiB',
  'heap MiB',
];
const WIDTHS = [14, 12, 11, 8, 7, 9, 11, 7, 9, 9];

function measure(program: string, model: ModelName): Measurement {
  const script = fileURLToPath(new URL('./case.js', import.meta.url));
  const output = execFileSync(process.execPath, ['--expose-gc', script, program, model], {
    encoding: 'utf8',
  });
  return JSON.parse(output) as Measurement;
}

function rate(row: Measurement): number {
  return row.executions / row.seconds;
}

function line(cells: readonly string[]): string {
  return cells.map((cell, i) => (i < 2 ? cell.padEnd(WIDTHS[i]) : cell.padStart(WIDTHS[i]))).join(' ');
}

function main(only: readonly string[]): void {
  const programs = PROGRAMS.filter((name) => only.length === 0 || only.some((part) => name.startsWith(part)));
  console.log(line(COLUMNS));
  for (const program of programs) {
    const reference = measure(program, REFERENCE);
    for (const model of MODEL_NAMES) {
      const row = model === REFERENCE ? reference : measure(program, model);
      console.log(
        line([
          row.program,
          row.model,
          String(row.executions),
          String(row.blocked),
          String(row.events),
          row.seconds.toFixed(3),
          rate(row).toFixed(0),
          (rate(row) / rate(reference)).toFixed(2),
          row.peak.toFixed(0),
          row.heap.toFixed(1),
        ]),
      );
    }
  }
}

const [word, ...words] = process.argv.slice(2);
try {
  if (word === 'corpus') process.exitCode = corpus(words) > 0 ? 1 : 0;
  else main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof FencepostError)) throw error;
  console.error(errorText(error));
  process.exitCode = 2;
}
