/** The graph explorer, the enumeration oracle and models/cat on the shared corpus. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readLitmus } from '../../src/litmus/read.ts';
import type { AxiomModel } from '../../src/memory/axioms/index.ts';
import { lkmm } from '../../src/memory/lkmm/index.ts';
import type { MemoryModel } from '../../src/memory/model.ts';
import { x86Tso } from '../../src/memory/total-store-order.ts';
import { FencepostError } from '../../src/program/error.ts';
import { litmusCorpus as corpus } from '../support/corpus.ts';
import { describeWith } from '../support/describe-with.ts';
import { threeWays, TooLarge } from '../support/three-ways.ts';
import { modelOf, ownModel } from './cat/support.ts';

/** `npm run bench -- corpus` has wider ones, and says what is left out. */
const BOUNDS = { events: 12, executions: 2000, steps: 20_000 };

const NONE = { missing: [], extra: [], duplicate: [] };

/** How many of the tests below a folder have been compared; those outside the bounds are passed over. */
function compareAll(folder: string, model: MemoryModel, cat: AxiomModel): number {
  const root = new URL(folder, corpus.url);
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.litmus'),
  );
  let compared = 0;
  for (const name of names.sort()) {
    try {
      const test = readLitmus(readFileSync(new URL(name, root), 'utf8'), name);
      const { executions, explorer, cat: byCat } = threeWays(test, model, cat, BOUNDS);
      expect({ name, explorer, byCat }).toEqual({ name, explorer: NONE, byCat: NONE });
      compared += Number(executions > 0);
    } catch (error) {
      if (!(error instanceof TooLarge) && !(error instanceof FencepostError)) throw error;
    }
  }
  return compared;
}

describeWith(corpus, 'three ways to the same executions', () => {
  it('of C tests under lkmm', () => {
    expect(compareAll('lkmm/', lkmm, ownModel('lkmm'))).toBeGreaterThan(650);
  });

  it('of x86 tests under x86-tso', () => {
    expect(compareAll('x86/', x86Tso, ownModel('x86-tso'))).toBeGreaterThan(40);
  });
});

describe('what differs is found', () => {
  const text = readFileSync(new URL('./c/shapes/sb-mb.litmus', import.meta.url), 'utf8');
  const test = readLitmus(text, 'sb-mb.litmus');
  const bounds = { events: 12, executions: 100, steps: 1000 };

  it('where the memory model in cat allows more, or less', () => {
    const weaker = modelOf('acyclic po-loc | rf | co | fr');
    const { cat, explorer } = threeWays(test, lkmm, weaker, bounds);
    expect([cat.missing.length, cat.extra.length, explorer]).toEqual([0, 1, NONE]);
    const stronger = modelOf('acyclic po | rf | co | fr\nempty rfe');
    expect(threeWays(test, lkmm, stronger, bounds).cat.missing.length).toBe(3);
  });

  it('and what is too large is said', () => {
    const cat = ownModel('lkmm');
    expect(() => threeWays(test, lkmm, cat, { ...bounds, events: 5 })).toThrow('too many events');
    expect(() => threeWays(test, lkmm, cat, { ...bounds, steps: 5 })).toThrow('too many steps');
    expect(threeWays(test, lkmm, cat, { ...bounds, events: 6 }).executions).toBe(3);
  });
});
