import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { runLitmus } from '../../../src/cli/litmus/run.ts';
import { conditionText } from '../../../src/litmus/condition.ts';
import { readLitmus } from '../../../src/litmus/read.ts';
import { lkmm } from '../../../src/memory/lkmm/index.ts';
import { FencepostError } from '../../../src/program/error.ts';
import { litmusCorpus as corpus } from '../../support/corpus.ts';
import { describeWith } from '../../support/describe-with.ts';

interface Verdict {
  readonly test: string;
  readonly name: string | null;
  readonly observation: string | null;
  readonly flags: readonly string[];
  readonly states: number;
  readonly positive: number;
  readonly negative: number;
  readonly condition: string;
  readonly error: boolean;
}

function textOf({ test }: Verdict): string {
  return readFileSync(new URL(`lkmm/${test}`, corpus.url), 'utf8');
}

/** Milliseconds for a test; most need one. */
const LIMIT = 2000;

describeWith(corpus, 'the shared corpus', () => {
  const lines = readFileSync(new URL('lkmm-reference.jsonl', corpus.url), 'utf8').trim().split('\n');
  const verdicts = lines.map((line) => JSON.parse(line) as Verdict);

  it('is read like herd7 reads it: names, conditions, and what is refused', () => {
    for (const verdict of verdicts) {
      if (verdict.error) {
        expect(() => readLitmus(textOf(verdict), verdict.test)).toThrow(FencepostError);
        continue;
      }
      const test = readLitmus(textOf(verdict), verdict.test);
      if (verdict.observation === null) continue;
      expect([test.name, conditionText(test.condition)]).toEqual([verdict.name, verdict.condition]);
    }
  });

  it('has the final states, counts and observations of herd7', () => {
    const differences: string[] = [];
    let compared = 0;
    for (const verdict of verdicts) {
      if (verdict.observation === null) continue;
      const found = runOf(verdict);
      if (found === undefined) continue;
      compared += 1;
      const ours = [found.observation, found.states.length, found.positive, found.negative].join(' ');
      const theirs = [verdict.observation, verdict.states, verdict.positive, verdict.negative].join(' ');
      if (ours !== theirs) differences.push(`${verdict.test}: ${ours}, herd7: ${theirs}`);
    }
    expect(differences).toEqual([]);
    expect(compared).toBeGreaterThan(800);
  });
});

/** Undefined where the test needs more time than a test has. */
function runOf(verdict: Verdict): ReturnType<typeof runLitmus> | undefined {
  const test = readLitmus(textOf(verdict), verdict.test);
  const found = runLitmus(test, lkmm, { engine: 'graph', maxTime: LIMIT, now: () => performance.now() });
  return found.exhaustive ? found : undefined;
}
