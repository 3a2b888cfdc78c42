import type { Violation } from 'fencepost';

/** Something that the guest could see and the architecture forbids, or that KVM may not do with its own state. */
export class Violated extends Error {
  readonly violation: Violation;

  constructor(property: string, message: string) {
    super(message);
    this.violation = { property, message };
  }
}
