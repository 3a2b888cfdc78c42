/**
 * A memory model in cat as axioms over candidates, so that `enumerate` runs it.
 *
 * Around the file stands only what herd leaves to its lock.cat and we to the enumeration: a lock has one
 * holder at a time (locking). `co`, and the reads of locks, are given by the candidate (generators.ts).
 * Values out of thin air are for the file to forbid, as in herd, which counts such executions where plain
 * accesses or branches allow them. Where a value depends on itself herd leaves it open and counts one
 * execution; the enumeration counts one for each value that fits.
 */
import { locksHold, type AxiomModel } from '../../memory/axioms/common.ts';
import type { Candidate, EventStructure } from '../../memory/axioms/index.ts';
import { FencepostError } from '../../program/error.ts';
import type { CatFiles } from './load.ts';
import { asRelation, typeError } from './operators.ts';
import { catError } from './place.ts';
import { Program, type ProgramCheck } from './program.ts';
import { Prepared, Run } from './run.ts';
import { rehearsal } from './rehearsal.ts';
import { compileStatements } from './statements.ts';
import { isVoid, elements, Trend, type Value } from './value.ts';

export interface CatModel extends AxiomModel {
  /** Names of the flags that a complete candidate raises, in the order of the file. */
  flags(candidate: Candidate): string[];
}

type Check = ProgramCheck & { kind: 'check' };

/** Throws a located FencepostError for whatever the files say that makes no sense. */
export function catModel(files: CatFiles): CatModel {
  const program = new Program();
  guarded(files, () => compileStatements(files.statements, program.base, program));
  const judge = (events: EventStructure): ((candidate: Candidate) => string | undefined) => {
    const prepared = new Prepared(events);
    return (candidate) => guarded(files, () => broken(program, new Run(prepared, candidate)));
  };
  let prepared: Prepared | undefined;
  const flags = (candidate: Candidate): string[] => {
    if (prepared?.events !== candidate.events) prepared = new Prepared(candidate.events);
    const run = new Run(prepared, candidate);
    return guarded(files, () => raised(program, run));
  };
  // What does not fit together is found before the first test.
  const first = rehearsal();
  judge(first.events)(first);
  flags(first);
  return { name: files.title ?? files.path, judge, flags };
}

/** The name of the first axiom that is broken for good. */
function broken(program: Program, run: Run): string | undefined {
  const { candidate } = run;
  if (!locksHold(candidate)) return 'locking';
  for (const check of program.checks) {
    if (check.kind === 'with') {
      program.global(check.slot, run);
      if (run.impossible !== undefined) return `with ${run.impossible}`;
    } else if (!check.flag) {
      const value = check.code.run(run, undefined);
      if (!isDecided(value.trend, check, run)) continue;
      if (holds(check, value, run) === check.negated) return check.name;
    }
  }
  return undefined;
}

/**
 * Whether edges that are still to come cannot mend the check: they only ever break one that is not negated.
 */
function isDecided(trend: Trend, { negated }: Check, run: Run): boolean {
  if (trend === Trend.Fixed || run.isComplete) return true;
  return trend === Trend.Grows && !negated;
}

function raised(program: Program, run: Run): string[] {
  const names = program.checks.flatMap((check) => {
    if (check.kind === 'with') {
      program.global(check.slot, run);
      return [];
    }
    if (!check.flag) return [];
    return holds(check, check.code.run(run, undefined), run) === check.negated ? [] : [check.name];
  });
  return [...new Set(names)];
}

function holds(check: Check, value: Value, run: Run): boolean {
  const { place } = check.code;
  if (check.check === 'empty') {
    if (elements(value) === undefined) throw typeError('empty wants a set or a relation', value, place);
    return isVoid(value);
  }
  const relation = asRelation(value, check.check, { run, place });
  return check.check === 'acyclic' ? relation.isAcyclic : relation.isIrreflexive;
}

/** Recursion that the limits do not see ends on the stack; that too is a message about the file. */
function guarded<T>({ path }: CatFiles, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof FencepostError || !(error instanceof RangeError)) throw error;
    throw catError('cat-limit', 'definitions refer to each other too deeply', {
      file: path,
      line: 1,
      column: 1,
    });
  }
}
