/** Whether a scenario catches a mutant of its paths. */
import type { Reach } from '../../explore/explore.ts';
import type { MemoryModel, ModelName } from '../../memory/model.ts';
import { memoryModels } from '../../memory/models.ts';
import { FencepostError } from '../../program/error.ts';
import { defineProgram } from '../../program/program.ts';
import { runSequential } from '../../program/sequential.ts';
import type { Proposal } from '../../program/site.ts';
import { ordersOf } from '../orders.ts';
import { judge, type JudgeOptions } from '../run.ts';
import { expectedVerdict, type Scenario } from '../scenario.ts';
import { listing, mutated, mutantName, type Mutant } from './mutant.ts';

/** How a mutant came out in one scenario. */
export interface Trial {
  /** Undefined: nothing is violated under any memory model that was tried. */
  readonly caught: { readonly model: ModelName; readonly by: string } | undefined;
  /** Every execution was seen where nothing was caught. */
  readonly exhaustive: boolean;
  /** How much of what the memory model allows was seen (decision 18), where nothing was caught. */
  readonly reach?: Reach;
}

/**
 * The memory models that mutants are tried under, each of which allows whatever the one before does. `lkmm` is not
 * among them: what is plain in the kernel would hide mutants there.
 */
const MODELS = memoryModels.filter(({ name }) => name !== 'lkmm');

/**
 * The proposal whose mutants say most: safe under the most memory models, and the latest of these. One that is a
 * mutant itself has lines that no kernel has.
 */
export function subjectOf(scenario: Scenario): Proposal {
  const { proposals, mutants = [], equivalents = [] } = scenario;
  const safe = ({ name }: Proposal): number =>
    memoryModels.filter((model) => expectedVerdict(scenario, name, model.name) === 'safe').length;
  const kernels = proposals.filter(({ name }) => !mutants.includes(name) && !equivalents.includes(name));
  return (kernels.length > 0 ? kernels : proposals).reduce((best, each) =>
    safe(each) >= safe(best) ? each : best,
  );
}

/** The mutants of the lines that the threads pass under the proposal. */
export function mutantsOf(scenario: Scenario, proposal: Proposal): Mutant[] {
  const found = new Map<string, Mutant>();
  const report = (mutant: Mutant): void => void found.set(mutantName(mutant), mutant);
  for (const order of ordersOf(scenario.world().threads.length)) {
    const { memory, threads } = scenario.world();
    const listed = threads.map(({ name, body }) => ({ name, body: () => listing(body(), report) }));
    runSequential(defineProgram(scenario.name, memory, listed, proposal), { order });
  }
  return [...found.values()];
}

/**
 * Judges the mutant under the memory models under which the proposal itself is safe, and names the strongest that
 * catches it. The weakest comes first: what it does not catch, the others cannot.
 */
export function tryMutant(
  scenario: Scenario,
  proposal: Proposal,
  mutant: Mutant,
  options: JudgeOptions,
): Trial {
  const changed: Scenario = {
    ...scenario,
    world() {
      const world = scenario.world();
      const threads = world.threads.map(({ name, body }) => ({
        name,
        body: () => mutated(body(), mutant),
      }));
      return { ...world, threads };
    },
  };
  const models = MODELS.filter(({ name }) => expectedVerdict(scenario, proposal.name, name) === 'safe');
  const weakest = models.at(-1);
  if (weakest === undefined) return { caught: undefined, exhaustive: true };
  const inWeakest = tryUnder(changed, proposal, weakest, options);
  if (inWeakest.caught === undefined && inWeakest.exhaustive) return inWeakest;
  for (const model of models.slice(0, -1)) {
    const { caught } = tryUnder(changed, proposal, model, options);
    if (caught !== undefined) return { caught, exhaustive: true };
  }
  return inWeakest;
}

function tryUnder(scenario: Scenario, proposal: Proposal, model: MemoryModel, options: JudgeOptions): Trial {
  try {
    const { violations, exhaustive, reach } = judge(scenario, proposal, model, {
      ...options,
      untilViolated: true,
    });
    if (violations.length === 0) return { caught: undefined, exhaustive, reach };
    return { caught: { model: model.name, by: violations[0].property }, exhaustive: true };
  } catch (error) {
    return { caught: { model: model.name, by: failureOf(error) }, exhaustive: true };
  }
}

/** A path that breaks off catches its mutant as well: it has met what cannot be. */
function failureOf(error: unknown): string {
  if (error instanceof FencepostError) return error.code;
  // A path without an end is explored until the stack is full.
  if (error instanceof RangeError) return 'endless';
  throw error;
}
