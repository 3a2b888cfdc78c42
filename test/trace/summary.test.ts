import { expect, it } from 'vitest';
import { renderSummary } from '../../src/trace/index.ts';

it('is one line that grep finds', () => {
  const text = renderSummary({
    scenario: 'emulated-write-vs-first-fault',
    property: 'no-stale-spte',
    model: 'x86-tso',
    proposal: 'v6.6',
    replay: 'fp1:9f3c',
  });
  expect(text).toBe('FAIL emulated-write-vs-first-fault · no-stale-spte · x86-tso · v6.6 · replay fp1:9f3c');
});
