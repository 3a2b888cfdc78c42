/** A property that does not hold, and what is wrong in one sentence. */
export interface Violation {
  readonly property: string;
  readonly message: string;
}

/** A lock that is not used as locks are, in ways that a caller may want to let pass: herd7 goes on after both. */
export type Breach = 'ends-holding' | 'unlocks-unheld';

/** How a thread has ended that cannot go on. */
export interface ThreadViolation extends Violation {
  /** Undefined of other violations. */
  readonly breach?: Breach;
}
