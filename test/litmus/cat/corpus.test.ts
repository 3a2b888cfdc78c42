import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { runLitmus } from '../../../src/cli/litmus/run.ts';
import { readLitmus } from '../../../src/litmus/read.ts';
import { litmusCorpus as corpus } from '../../support/corpus.ts';
import { describeWith } from '../../support/describe-with.ts';
import { ownModel } from './support.ts';

interface Verdict {
  readonly test: string;
  readonly observation: string | null;
  readonly flags: readonly string[];
  readonly states: number;
  readonly positive: number;
  readonly negative: number;
}

/** All of them take minutes. */
const EVERY = Number(process.env.FENCEPOST_CORPUS_EVERY ?? 40);
/** Milliseconds for a test. */
const LIMIT = 1000;

describeWith(corpus, 'models/cat/lkmm.cat on the shared corpus', () => {
  it('has the verdicts, counts and flags of herd7', { timeout: 1_000_000 }, () => {
    const model = ownModel('lkmm');
    const lines = readFileSync(new URL('lkmm-reference.jsonl', corpus.url), 'utf8').trim().split('\n');
    const verdicts = lines.map((line) => JSON.parse(line) as Verdict);
    const differences: string[] = [];
    let compared = 0;
    for (const verdict of verdicts.filter(({ observation }, i) => observation !== null && i % EVERY === 0)) {
      const found = runOf(verdict.test);
      if (found === undefined) continue;
      compared += 1;
      const { observation, states, positive, negative, flags } = found;
      const ours = [observation, states.length, positive, negative, ...flags].join(' ');
      const theirs = [
        ...[verdict.observation, verdict.states, verdict.positive, verdict.negative],
        ...[...verdict.flags].sort(),
      ].join(' ');
      if (ours !== theirs) differences.push(`${verdict.test}: ${ours}, herd7: ${theirs}`);
    }
    expect(differences).toEqual([]);
    expect(compared).toBeGreaterThan(500 / EVERY);

    function runOf(test: string): ReturnType<typeof runLitmus> | undefined {
      const text = readFileSync(new URL(`lkmm/${test}`, corpus.url), 'utf8');
      const read = readLitmus(text, test);
      const found = runLitmus(read, model, {
        engine: 'enumerate',
        maxTime: LIMIT,
        now: () => performance.now(),
      });
      return found.exhaustive ? found : undefined;
    }
  });
});
