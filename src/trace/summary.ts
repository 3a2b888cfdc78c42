import type { ModelName } from '../memory/model.ts';

export interface Summary {
  readonly scenario: string;
  readonly property: string;
  readonly model: ModelName;
  readonly proposal: string;
  /** The id that `fencepost replay` takes. */
  readonly replay: string;
}

/** A counterexample in one line that grep finds. */
export function renderSummary({ scenario, property, model, proposal, replay }: Summary): string {
  return `FAIL ${[scenario, property, model, proposal, `replay ${replay}`].join(' · ')}`;
}
