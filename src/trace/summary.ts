import type { ModelName } from '../memory/model.ts';

export interface Summary {
  readonly scenario: string;
  readonly property: string;
  /** Those under which it was found; the id is that of the first. */
  readonly models: readonly ModelName[];
  readonly proposal: string;
  /** The id that `fencepost replay` takes. */
  readonly replay: string;
}

/** A counterexample in one line that grep finds. */
export function renderSummary({ scenario, property, models, proposal, replay }: Summary): string {
  return `FAIL ${[scenario, property, models.join(', '), proposal, `replay ${replay}`].join(' · ')}`;
}
