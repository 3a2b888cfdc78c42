import type { Operation } from '../../program/operation.ts';
import { choiceAt, type Proposal } from '../../program/site.ts';

/** What of KVM a search has passed: functions with their calls, and sites with what was chosen there. */
export class Coverage {
  readonly functions = new Map<string, number>();
  readonly #sites = new Set<string>();
  readonly #proposal: Proposal;

  constructor(proposal: Proposal) {
    this.#proposal = proposal;
  }

  note(step: Operation): void {
    if (step.op === 'enter') this.functions.set(step.fn, this.calls(step.fn) + 1);
    else if (step.op === 'site') this.#sites.add(`${step.site.name}=${choiceAt(this.#proposal, step.site)}`);
  }

  calls(fn: string): number {
    return this.functions.get(fn) ?? 0;
  }

  get sites(): readonly string[] {
    return [...this.#sites].sort();
  }
}
