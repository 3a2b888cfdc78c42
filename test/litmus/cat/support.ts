/** Memory models under `models/cat`, and small ones as text. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { AxiomModel, Candidate } from '../../../src/memory/axioms/index.ts';
import { enumerate } from '../../../src/explore/enumerate.ts';
import { catModel, loadCat, type CatModel, type ReadFile } from '../../../src/litmus/cat/index.ts';

import type { Program } from '../../../src/program/program.ts';
import { BehaviourTree } from '../../../src/program/tree.ts';

const FOLDER = fileURLToPath(new URL('../../../models/cat/', import.meta.url));

export const readModelFile: ReadFile = (path) => {
  try {
    return readFileSync(FOLDER + path, 'utf8');
  } catch {
    return undefined;
  }
};

export function ownModel(name: string): CatModel {
  return catModel(loadCat(`${name}.cat`, readModelFile));
}

/** A memory model whose files are these texts; `model.cat` is the main one. */
export function modelOf(text: string, others: Readonly<Record<string, string>> = {}): CatModel {
  const files: Readonly<Record<string, string>> = { ...others, 'model.cat': text };
  return catModel(loadCat('model.cat', (path) => (Object.hasOwn(files, path) ? files[path] : undefined)));
}

/** The complete candidates of a program that the memory model allows. */
export function candidatesOf(program: Program, model: AxiomModel, limit?: number): Candidate[] {
  const found: Candidate[] = [];
  const listening: AxiomModel = {
    name: model.name,
    judge: (events) => {
      const judge = model.judge(events);
      return (candidate) => {
        const broken = judge(candidate);
        if (broken === undefined && isWhole(candidate)) found.push(candidate);
        return broken;
      };
    },
  };
  enumerate(new BehaviourTree(program), listening, limit);
  return found;
}

function isWhole({ events, rf, co }: Candidate): boolean {
  const { R, W, loc } = events;
  const isOrdered = ([a, b]: readonly [number, number]): boolean => a === b || co.has(a, b) || co.has(b, a);
  return R.difference(rf.range()).isEmpty && loc.restrict(W, W).pairs().every(isOrdered);
}
