import type { GuestOperation, GuestState, SequentialGuest } from '../../../models/sequential/index.ts';
import type { Violation } from '../../program/violation.ts';
import type { Operation } from '../../program/operation.ts';

/** The operations of a trace, one a line, numbered; below each what KVM did, where that is asked for. */
export function traceLines(
  guest: SequentialGuest,
  trace: readonly GuestOperation[],
  steps: readonly (readonly string[])[] | undefined,
): readonly string[] {
  return guest.describeTrace(trace).flatMap((line, i) => {
    const inside = steps?.[i] ?? [];
    return [`${String(i + 1).padStart(2)} ${line}`, ...inside.map((step) => `      ${step}`)];
  });
}

/** What KVM does in each operation: functions by depth of call, and the stores in them. */
export class StepLog {
  readonly perOperation: string[][] = [];
  #depth = 0;

  note(vcpu: number, step: Operation): void {
    const lines = this.perOperation.at(-1);
    if (lines === undefined) return;
    if (step.op === 'leave') this.#depth -= 1;
    const text = textOf(vcpu, step);
    if (text !== undefined) lines.push(`${'  '.repeat(this.#depth)}${text}`);
    if (step.op === 'enter') this.#depth += 1;
  }

  /** Performs the trace once more, writing down what happens. */
  replay(guest: SequentialGuest, trace: readonly GuestOperation[]): readonly (readonly string[])[] {
    let state: GuestState = guest.initial;
    for (const operation of trace) {
      this.perOperation.push([]);
      this.#depth = 0;
      const step = guest.perform(state, operation);
      if (step.kind === 'state') ({ state } = step);
    }
    return this.perOperation;
  }
}

/** Undefined: it is left out. */
function textOf(vcpu: number, step: Operation): string | undefined {
  if (step.op === 'enter') return `vCPU ${vcpu}: ${step.fn}()`;
  if (step.op === 'store') return `${step.loc.name} = ${step.loc.format?.(step.value) ?? step.value}`;
  return step.op === 'rmw' ? (step.with.text ?? `${step.modify.how} ${step.loc.name}`) : undefined;
}

export function violationText({ property, message }: Violation): string {
  return `=> ${message} (${property})`;
}
