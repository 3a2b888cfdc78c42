/**
 * Single-step faults of step programs: one operation, wherever a function comes to it, is left out or altered at
 * run time. Works on the operations themselves, so it fits every driver and needs no site; a mutation run lists
 * the points that its programs pass and tries them one by one.
 */
import { Mark } from '../memory/event.ts';
import type { Operation, Read, Rmw, Steps } from './operation.ts';

/**
 * Where an operation stands: `fn: store sp->role.invalid`, numbers left out. Operations without a name of
 * their own are counted from each entry of the function.
 */
export type FaultPoint = string;

export interface Fault {
  readonly at: FaultPoint;
  /** What a call gives that is left out; a fault without it leaves the operation out all the same. */
  readonly value?: unknown;
  /** Alters what the operation leaves in the state instead of leaving it out. */
  readonly alter?: (draft: unknown) => void;
}

/** Follows a program through its functions and names the points that it passes. */
export class FaultPoints {
  readonly #functions: { readonly fn: string; updates: number; locals: number }[] = [
    { fn: '', updates: 0, locals: 0 },
  ];

  /** The point of an operation that can be left out; undefined for all others. */
  next(operation: Operation): FaultPoint | undefined {
    const inside = this.#functions[this.#functions.length - 1];
    const at = (what: string): FaultPoint => `${inside.fn}: ${what}`;
    switch (operation.op) {
      case 'enter':
        this.#functions.push({ fn: operation.fn, updates: 0, locals: 0 });
        return at(`call ${operation.fn}()`);
      case 'leave':
        this.#functions.pop();
        return undefined;
      case 'store':
        return at(`store ${lineName(operation.loc.name)}`);
      case 'rmw': {
        const { modify } = operation;
        const value = modify.how === 'or' || modify.how === 'and-not' ? ` ${modify.value}` : '';
        return at(`${modify.how}${value} ${lineName(operation.loc.name)}`);
      }
      case 'update':
        inside.updates += 1;
        return at(`update ${operation.lock.name}${ordinal(inside.fn, inside.updates)}`);
      case 'set-local':
        inside.locals += 1;
        return at(`update ${lineName(operation.of.name)}${ordinal(inside.fn, inside.locals)}`);
      case 'fence':
        return at(`fence ${lineName(operation.text)}`);
      case 'load':
      case 'lock':
      case 'unlock':
      case 'trylock':
      case 'is-locked':
      case 'choose':
      case 'assume':
      case 'branch':
      case 'join':
      case 'guarded':
      case 'local':
      case 'site':
      case 'fail':
        return undefined;
    }
  }

  /** The call that has just been named does not happen. */
  skip(): void {
    this.#functions.pop();
  }
}

/** Outside every function there is no beginning to count from. */
function ordinal(fn: string, count: number): string {
  return fn === '' ? '' : ` #${count}`;
}

/** What a line is called that does the same to many objects: numbers tell one object from another. */
export function lineName(name: string): string {
  return name.replace(/\d+/g, '').replace(/\[[^\]]*\]/g, '[]');
}

/** A read-modify-write that only finds: what was there is still to be had; nothing is stored, and nobody is told. */
export function* foundOnly({ loc, mark, with: depends }: Operation & { op: 'rmw' }): Steps<Rmw> {
  const found = (yield { op: 'load', loc, mark: readMark(mark), with: depends }) as Read;
  return { ...found, ok: true };
}

/** How a lone read is marked that stands for a read-modify-write: no part of one orders anything. */
function readMark(mark: Mark): Mark {
  return mark === Mark.Plain ? Mark.Plain : Mark.Once;
}

/** The same program with a fault. */
export function* withFault<T>(steps: Steps<T>, fault: Fault): Steps<T> {
  const points = new FaultPoints();
  let reply: unknown;
  for (;;) {
    const step = steps.next(reply);
    if (step.done === true) return step.value;
    const operation = step.value;
    if (points.next(operation) === fault.at) {
      if (operation.op === 'enter') points.skip();
      reply = yield* instead(operation, fault);
    } else {
      reply = yield operation;
    }
  }
}

function* instead(operation: Operation, { value, alter }: Fault): Steps<unknown> {
  if (operation.op === 'enter') return { value };
  if (operation.op === 'rmw') return yield* foundOnly(operation);
  if (alter === undefined) return undefined;
  if (operation.op !== 'update' && operation.op !== 'set-local') return undefined;
  const { recipe } = operation;
  return yield {
    ...operation,
    recipe: (draft) => {
      recipe(draft);
      alter(draft);
    },
  };
}
