/** Reference verdicts: a `.jsonl` file, one object a line, in the format of `fencepost litmus --json`. */
import { resolve, sep } from 'node:path';
import { FencepostError } from '../../program/error.ts';
import { readInput } from '../input.ts';
import type { Refusal, Report } from './perform.ts';

/** What is compared. Null where the reference has no verdict. */
interface Verdict {
  readonly test: string;
  readonly observation: string | null;
  readonly states: number | null;
  readonly positive: number | null;
  readonly negative: number | null;
  readonly flags: readonly string[];
}

/** One value that differs. */
export interface Difference {
  readonly test: string;
  readonly what: string;
  readonly ours: string;
  readonly reference: string;
}

export type Comparison =
  | { readonly kind: 'same' }
  /** The reference does not know the test, or has no verdict. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'unfinished' }
  | { readonly kind: 'different'; readonly differences: readonly Difference[] };

export class Reference {
  readonly #verdicts = new Map<string, Verdict>();

  /** Throws a FencepostError that names the line at what is no verdict. */
  constructor(file: string, cwd: string) {
    for (const [i, line] of readInput(resolve(cwd, file), file).split('\n').entries()) {
      if (line.trim() === '') continue;
      const verdict = verdictOf(line);
      if (verdict === undefined) {
        throw new FencepostError('bad-reference', 'this is no reference verdict', {
          file,
          line: i + 1,
          column: 1,
          hint: 'one JSON object a line: {"test", "observation", "states", "positive", "negative"}',
        });
      }
      this.#verdicts.set(verdict.test, verdict);
    }
  }

  compare(result: Report | Refusal): Comparison {
    const verdict = this.#find(result.task.file.path);
    if (verdict === undefined || verdict.observation === null) return { kind: 'unknown' };
    const { test } = verdict;
    if (result.kind === 'refusal') {
      const difference = { test, what: 'read', ours: result.message, reference: verdict.observation };
      return { kind: 'different', differences: [difference] };
    }
    if (!result.exhaustive) return { kind: 'unfinished' };
    const { counts } = result;
    const pairs: readonly (readonly [
      what: string,
      ours: string | number,
      reference: string | number | null,
    ])[] = [
      ['observation', result.observation, verdict.observation],
      ...(counts === undefined
        ? []
        : ([
            ['states', counts.states.length, verdict.states],
            ['positive', counts.positive, verdict.positive],
            ['negative', counts.negative, verdict.negative],
            ['flags', [...counts.flags].sort().join(' '), [...verdict.flags].sort().join(' ')],
          ] as const)),
    ];
    const differences = pairs
      .filter(([, ours, reference]) => ours !== reference)
      .map(([what, ours, reference]) => ({ test, what, ours: String(ours), reference: String(reference) }));
    return differences.length === 0 ? { kind: 'same' } : { kind: 'different', differences };
  }

  /** By the end of its path: references name tests by their path below some folder. */
  #find(path: string): Verdict | undefined {
    for (let rest = path.split(sep).join('/'); ; rest = rest.slice(rest.indexOf('/') + 1)) {
      const verdict = this.#verdicts.get(rest);
      if (verdict !== undefined || !rest.includes('/')) return verdict;
    }
  }
}

function verdictOf(line: string): Verdict | undefined {
  try {
    const found = JSON.parse(line) as Partial<Verdict> | null;
    if (typeof found?.test !== 'string') return undefined;
    const { test, observation = null, states = null, positive = null, negative = null, flags = [] } = found;
    return Array.isArray(flags) ? { test, observation, states, positive, negative, flags } : undefined;
  } catch {
    return undefined;
  }
}
