/** The tests in x86 assembly that herd7 has judged, where they are at hand: data to test against. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { x86Tso } from '../../../src/memory/total-store-order.ts';
import { judge, refusal } from './running.ts';

const root = fileURLToPath(new URL('../../../../shared/litmus/', import.meta.url));
const reference = `${root}x86-reference.jsonl`;

interface Judgement {
  readonly test: string;
  readonly name: string | null;
  readonly observation: string | null;
  readonly states: number | null;
  readonly positive: number | null;
  readonly negative: number | null;
  readonly error: boolean;
}

const judgements = existsSync(reference)
  ? readFileSync(reference, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Judgement)
  : [];

describe.skipIf(judgements.length === 0)('the x86 corpus under x86-tso', () => {
  it.each(judgements)('$test', ({ test, error, name, observation, states, positive, negative }) => {
    const text = readFileSync(`${root}x86/${test}`, 'utf8');
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
