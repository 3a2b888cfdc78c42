/** The tests in x86 assembly that herd7 has judged, where they are at hand: data to test against. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { x86Tso } from '../../../src/memory/total-store-order.ts';
import { litmusCorpus as corpus } from '../../support/corpus.ts';
import { describeWith } from '../../support/describe-with.ts';
import { judge, refusal } from './running.ts';

interface Judgement {
  readonly test: string;
  readonly name: string | null;
  readonly observation: string | null;
  readonly states: number | null;
  readonly positive: number | null;
  readonly negative: number | null;
  readonly error: boolean;
}

describeWith(corpus, 'the x86 corpus under x86-tso', () => {
  const lines = readFileSync(new URL('x86-reference.jsonl', corpus.url), 'utf8').trim().split('\n');
  const judgements = lines.map((line) => JSON.parse(line) as Judgement);

  it.each(judgements)('$test', ({ test, error, name, observation, states, positive, negative }) => {
    const text = readFileSync(new URL(`x86/${test}`, corpus.url), 'utf8');
    if (error) {
      expect(refusal(text, test).place.file).toBe(test);
      return;
    }
    for (const engine of ['graph', 'enumerate'] as const) {
      const found = judge(text, x86Tso, test, engine);
      expect({ ...found, states: found.states.length }, engine).toEqual({
        name,
        observation,
        states,
        positive,
        negative,
        exhaustive: true,
      });
    }
    expect(judge(text, x86Tso, test, 'interleave').states).toEqual(judge(text, x86Tso, test).states);
  });
});
