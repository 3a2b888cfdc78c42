/**
 * Single-step faults of the paths of a scenario (DESIGN.md 6: a check that nothing can fail proves nothing). A
 * mutant changes one operation wherever its function comes to it: it is dropped, done after the one that follows,
 * or done with a weaker mark. Mutants of the same line in different scenarios have the same name.
 */
import { Fence, Mark } from '../../memory/event.ts';
import { foundOnly, lineName } from '../../program/fault.ts';
import type { Operation, Rmw, Steps } from '../../program/operation.ts';
import { applied } from '../../program/stepper.ts';

export type MutantKind = 'drop' | 'swap' | 'weaken';

/** `tdp_mmu_set_spte: xchg spte(gfn)`, and what becomes of it. */
export interface Mutant {
  readonly kind: MutantKind;
  readonly at: string;
}

/** As people write it: `drop __kvm_make_request: smp_wmb()`. */
export function mutantName({ kind, at }: Mutant): string {
  return `${kind} ${at}`;
}

/** What stands for others than the kernel in paths: a fault there is none of the kernel's. */
const OTHERS = ['guest', 'userspace'];

/** The kernel functions that a thread is in. */
class Functions {
  readonly #stack: string[] = [];

  follow(operation: Operation): void {
    if (operation.op === 'enter') this.#stack.push(operation.fn);
    else if (operation.op === 'leave') this.#stack.pop();
  }

  /** Names the line of an operation; undefined outside the kernel's functions. */
  at(what: string): string | undefined {
    const fn = this.#stack.at(-1);
    if (fn === undefined || OTHERS.includes(fn)) return undefined;
    return `${fn}: ${lineName(what)}`;
  }
}

/** What the operation is called in names of mutants; undefined for what makes no event, and for choices. */
function lineOf(operation: Operation, functions: Functions): string | undefined {
  const { op } = operation;
  if (op === 'store' || op === 'load') return functions.at(`${op} ${operation.loc.name}`);
  if (op === 'rmw') return functions.at(`${operation.modify.how} ${operation.loc.name}`);
  if (op === 'fence') return functions.at(operation.text);
  if (op === 'lock' || op === 'unlock') return functions.at(`${operation.mode} lock ${operation.lock.name}`);
  return undefined;
}

function makesEvent({ op }: Operation): boolean {
  return ['load', 'store', 'rmw', 'fence', 'lock', 'unlock', 'trylock', 'is-locked'].includes(op);
}

/** The mutants that change the operation; none for reads, whose value the path cannot do without, but for marks. */
function kindsOf(operation: Operation): readonly MutantKind[] {
  const { op } = operation;
  if (op === 'store') return operation.mark === Mark.Release ? ['drop', 'swap', 'weaken'] : ['drop', 'swap'];
  if (op === 'load') return operation.mark === Mark.Acquire ? ['weaken'] : [];
  if (op === 'rmw') return ['drop', 'weaken'];
  // What only x86 has is a side effect of a primitive, and no line of its own.
  if (op === 'fence') return operation.fence === Fence.X86Only ? [] : ['drop', 'swap'];
  return op === 'lock' ? ['drop'] : [];
}

/** The same steps; each mutant of an operation is reported as the operation comes. */
export function* listing(steps: Steps<unknown>, report: (mutant: Mutant) => void): Steps {
  const functions = new Functions();
  let reply: unknown;
  for (;;) {
    const step = steps.next(reply);
    if (step.done === true) return;
    functions.follow(step.value);
    const at = lineOf(step.value, functions);
    if (at !== undefined) for (const kind of kindsOf(step.value)) report({ kind, at });
    reply = yield step.value;
  }
}

/** The steps with the fault. */
export function* mutated(steps: Steps<unknown>, { kind, at }: Mutant): Steps {
  const functions = new Functions();
  let held: Operation | undefined;
  let reply: unknown;
  for (;;) {
    const step = steps.next(reply);
    if (step.done === true) break;
    const operation = step.value;
    functions.follow(operation);
    const line = lineOf(operation, functions);
    if (line === at && held === undefined && kind === 'swap' && kindsOf(operation).includes('swap')) {
      held = operation;
      reply = undefined;
    } else {
      const isHit = line === at && kind !== 'swap';
      reply = isHit ? yield* changed(operation, kind) : yield operation;
      if (held !== undefined && makesEvent(operation)) {
        yield held;
        held = undefined;
      }
    }
  }
  if (held !== undefined) yield held;
}

function* changed(operation: Operation, kind: MutantKind): Steps<unknown> {
  if (operation.op === 'rmw') return yield* changedRmw(operation, kind);
  if (kind === 'drop') return undefined;
  if (operation.op === 'load' || operation.op === 'store') return yield { ...operation, mark: Mark.Once };
  return yield operation;
}

/** Dropped, it only finds; weakened, it reads and writes in two steps, so others come between. */
function* changedRmw(operation: Operation & { op: 'rmw' }, kind: MutantKind): Steps<Rmw> {
  const found = yield* foundOnly(operation);
  if (kind === 'drop') return found;
  const { loc, modify } = operation;
  const stored = applied(modify, found.value);
  if (stored === undefined) return { ...found, ok: false };
  const depends = { ...operation.with, data: [...(operation.with.data ?? []), found] };
  yield { op: 'store', loc, mark: Mark.Once, value: stored, with: depends };
  return found;
}
