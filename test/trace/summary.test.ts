import { expect, it } from 'vitest';
import { renderSummary } from '../../src/trace/index.ts';

const SUMMARY = {
  scenario: 'emulated-write-vs-first-fault',
  property: 'no-stale-spte',
  models: ['x86-tso'],
  proposal: 'v6.6',
  replay: 'fp1:9f3c',
} as const;

it('is one line that grep finds', () => {
  expect(renderSummary(SUMMARY)).toBe(
    'FAIL emulated-write-vs-first-fault · no-stale-spte · x86-tso · v6.6 · replay fp1:9f3c',
  );
});

it('names all memory models that allow the execution', () => {
  expect(renderSummary({ ...SUMMARY, models: ['x86-tso', 'lkmm'] })).toContain(
    ' · x86-tso, lkmm · v6.6 · replay fp1:9f3c',
  );
});
