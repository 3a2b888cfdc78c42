/**
 * Mutants of the paths that no scenario catches, with the reason (`fencepost mutants`). A mutant that is neither
 * caught nor explained here is a hole in the catalogue.
 */
import type { Explanation } from './survivors/explanation.ts';
import { inert } from './survivors/inert.ts';
import { notAsked } from './survivors/not-asked.ts';
import { ordered } from './survivors/ordered.ts';
import { standIns } from './survivors/stand-ins.ts';

/** By what makes them harmless, or lets them pass. */
export const survivorClasses: Readonly<Record<string, readonly Explanation[]>> = {
  inert,
  ordered,
  'not asked': notAsked,
  'stand-ins': standIns,
};

export const survivors: Readonly<Record<string, string>> = Object.fromEntries(
  Object.values(survivorClasses)
    .flat()
    .flatMap(({ because, mutants }) => mutants.map((mutant) => [mutant, because])),
);
