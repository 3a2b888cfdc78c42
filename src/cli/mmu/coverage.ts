import type { Operation } from '../../program/operation.ts';
import { choiceAt, type Proposal } from '../../program/site.ts';

/** What of KVM a search has passed: functions, and sites with what was chosen there. */
export class Coverage {
  readonly functions = new Set<string>();
  readonly #sites = new Set<string>();
  readonly #proposal: Proposal;

  constructor(proposal: Proposal) {
    this.#proposal = proposal;
  }

  note(step: Operation): void {
    if (step.op === 'enter') this.functions.add(step.fn);
    else if (step.op === 'site') this.#sites.add(`${step.site.name}=${choiceAt(this.#proposal, step.site)}`);
  }

  get sites(): readonly string[] {
    return [...this.#sites].sort();
  }
}
