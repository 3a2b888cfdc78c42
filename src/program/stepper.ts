import { produce } from 'immer';
import { answerOf, Fence, HELD, Kind, Mark, NONE, type Label } from '../memory/event.ts';
import { FencepostError } from './error.ts';
import type { GuardedStates } from './guarded.ts';
import type { Lock, ThreadLocal } from './location.ts';
import type { Depends, LockMode, Modify, Operation, Read, Rmw, Steps } from './operation.ts';
import { OpenSections } from './open-sections.ts';
import { choiceAt, type Proposal } from './site.ts';
import { accessText, unlockText } from './text.ts';
import type { Breach, ThreadViolation } from './violation.ts';

/** A label with what people want to know about the event. */
export interface StepLabel extends Label {
  /** The access as C spells it, without its value. */
  readonly text: string;
  /** The kernel function that performs it; empty outside any. */
  readonly fn: string;
  /** Name of the site that decided about it. */
  readonly site: string | undefined;
}

/** Where a thread stands: before its next event, or at its end. */
export type Next =
  | { readonly status: 'event'; readonly label: StepLabel }
  | { readonly status: 'end' | 'dropped'; readonly ctrl: readonly number[] }
  | { readonly status: 'violation'; readonly violation: ThreadViolation; readonly ctrl: readonly number[] };

interface Held {
  readonly mode: LockMode;
  state: unknown;
}

const NO_DEPENDS: Depends = {};

/**
 * Runs one thread's step program from event to event. `start` gives the first event; `resume` hands
 * over the value that the last event read (0 if it reads none) and gives the next one.
 */
export class Stepper {
  readonly #proposal: Proposal;
  readonly #states: GuardedStates;
  readonly #steps: Steps<unknown>;
  readonly #held = new Map<Lock, Held>();
  readonly #locals: Map<ThreadLocal, unknown>;
  readonly #sections = new OpenSections();
  readonly #functions: string[] = [];
  #ctrl: readonly number[] = NONE;
  #must: readonly number[] = NONE;
  /** The trylocks so far: what is held, and so what is a breach of discipline, hangs on them. */
  #tried: readonly number[] = NONE;
  #at = 0;
  /** Continuation after the event last given out. */
  #then: (value: number) => Next = () => this.#run(undefined);

  /** `locals` holds what the thread keeps for itself, and what it makes of it, where that outlives the run. */
  constructor(
    body: () => Steps<unknown>,
    proposal: Proposal,
    states: GuardedStates,
    locals = new Map<ThreadLocal, unknown>(),
  ) {
    this.#steps = body();
    this.#proposal = proposal;
    this.#states = states;
    this.#locals = locals;
  }

  start(): Next {
    return this.#then(0);
  }

  resume(value: number): Next {
    return this.#then(value);
  }

  #run(reply: unknown): Next {
    for (;;) {
      const step = this.#steps.next(reply);
      if (step.done === true) return this.#finish();
      const outcome = this.#perform(step.value);
      if ('next' in outcome) return outcome.next;
      reply = outcome.reply;
    }
  }

  #perform(operation: Operation): { next: Next } | { reply: unknown } {
    this.#sections.note(operation);
    switch (operation.op) {
      case 'load':
        return { next: this.#load(operation) };
      case 'store':
        return { next: this.#store(operation) };
      case 'rmw':
        return { next: this.#rmw(operation) };
      case 'fence':
        return {
          next: this.#event(
            { kind: Kind.Fence, loc: operation.loc?.id, fence: operation.fence, text: operation.text },
            operation.site?.name,
          ),
        };
      case 'lock':
        return { next: this.#lock(operation.lock, operation.mode, operation.text) };
      case 'unlock':
        return { next: this.#unlock(operation.lock, operation.mode, operation.text) };
      case 'trylock':
        return { next: this.#trylock(operation.lock, operation.text) };
      case 'is-locked':
        return { next: this.#isLocked(operation.lock, operation.text) };
      case 'choose': {
        const { names } = operation;
        this.#then = (value) => this.#run(value);
        return {
          next: this.#event({ kind: Kind.Choice, value: names.length, text: `choose ${names.join(' | ')}` }),
        };
      }
      case 'assume':
        return operation.holds ? { reply: undefined } : { next: { status: 'dropped', ctrl: this.#ctrl } };
      case 'branch':
        this.#addControl(operation.on, operation.isSettled === true);
        return { reply: undefined };
      case 'join':
        this.#ctrl = this.#ctrl.filter((at) => !operation.on.some((read) => read.at === at));
        this.#must = this.#must.filter((at) => this.#ctrl.includes(at));
        return { reply: undefined };
      case 'guarded': {
        const held = this.#held.get(operation.lock);
        if (held === undefined)
          return { next: this.#undisciplined(`reads what ${operation.lock.name} guards without holding it`) };
        return { reply: held.state };
      }
      case 'update': {
        const held = this.#held.get(operation.lock);
        if (held === undefined || held.mode === 'read') {
          return {
            next: this.#undisciplined(
              `changes what ${operation.lock.name} guards without holding it exclusively`,
            ),
          };
        }
        held.state = produce(held.state, (draft) => void operation.recipe(draft));
        return { reply: undefined };
      }
      case 'local':
        return { reply: this.#local(operation.of) };
      case 'set-local':
        this.#locals.set(
          operation.of,
          produce(this.#local(operation.of), (draft) => void operation.recipe(draft)),
        );
        return { reply: undefined };
      case 'enter':
        this.#functions.push(operation.fn);
        return { reply: undefined };
      case 'leave':
        this.#functions.pop();
        return { reply: undefined };
      case 'site':
        return { reply: choiceAt(this.#proposal, operation.site) };
      case 'fail':
        return { next: this.#afterSections(this.#violation(operation.property, operation.message)) };
    }
  }

  /** The end of a thread that has found something wrong; the read-side sections that it is in end before. */
  #afterSections(end: Next): Next {
    const leave = this.#sections.leave();
    const left = leave && this.#perform(leave);
    if (left === undefined || !('next' in left)) return end;
    this.#then = () => this.#afterSections(end);
    return left.next;
  }

  #local(of: ThreadLocal): unknown {
    return this.#locals.has(of) ? this.#locals.get(of) : of.initial;
  }

  #load(operation: Operation & { op: 'load' }): Next {
    const { loc, mark } = operation;
    this.#then = (value) => {
      const read = this.#readAt(this.#at - 1, value);
      this.#sections.noteLoad(operation, read);
      return this.#run(read);
    };
    const text = operation.with.text ?? accessText('read', mark, loc.name);
    return this.#event(
      { kind: Kind.Read, loc: loc.id, mark, until: operation.until, text },
      operation.with.site?.name,
      operation.with,
    );
  }

  #store(operation: Operation & { op: 'store' }): Next {
    const { loc, mark, value } = operation;
    this.#then = () => this.#run(undefined);
    const text = operation.with.text ?? accessText('write', mark, loc.name);
    return this.#event(
      { kind: Kind.Write, loc: loc.id, mark, value, text },
      operation.with.site?.name,
      operation.with,
    );
  }

  /** Both halves always take a place in program order; the second is a Skip when the cmpxchg failed. */
  #rmw(operation: Operation & { op: 'rmw' }): Next {
    const { loc, mark, modify } = operation;
    const depends = operation.with;
    const text = depends.text ?? accessText(modify.how, mark, loc.name);
    const site = depends.site?.name;
    const common = { loc: loc.id, mark, rmw: true, text };
    const readAt = this.#at;
    this.#then = (found) => {
      const stored = applied(modify, found);
      this.#then = () => {
        const result: Rmw = { value: found, at: readAt, ok: stored !== undefined };
        return this.#run(result);
      };
      if (stored === undefined) return this.#event({ ...common, kind: Kind.Skip }, site);
      const data =
        modify.how === 'set' || modify.how === 'cmpxchg'
          ? depends.data
          : [...(depends.data ?? []), this.#readAt(readAt, found)];
      return this.#event({ ...common, kind: Kind.Write, value: stored }, site, { addr: depends.addr, data });
    };
    const expected = modify.how === 'cmpxchg' ? modify.expected : undefined;
    return this.#event({ ...common, kind: Kind.Read, expected }, site, { addr: depends.addr });
  }

  #lock(lock: Lock, mode: LockMode, text: string): Next {
    requireKind(lock, mode);
    const acquired = (id: number): void => {
      this.#held.set(lock, { mode, state: this.#states.stateOf(lock, id) });
    };
    if (mode === 'read') {
      this.#then = (id) => {
        acquired(id);
        return this.#run(undefined);
      };
      return this.#event({ kind: Kind.ReadLock, loc: lock.id, mark: Mark.Acquire, text });
    }
    this.#then = (id) => {
      acquired(id);
      this.#then = () => this.#run(undefined);
      return this.#event({ kind: Kind.LockWrite, loc: lock.id, mark: Mark.Acquire, rmw: true, text });
    };
    return this.#event({ kind: Kind.LockRead, loc: lock.id, mark: Mark.Acquire, rmw: true, text });
  }

  /** Like a cmpxchg, it takes two places whether it gets the lock or not. */
  #trylock(lock: Lock, text: string): Next {
    requireKind(lock, 'spin');
    const at = this.#at;
    const common = { loc: lock.id, mark: Mark.Acquire, text };
    this.#then = (id) => {
      const ok = id !== HELD;
      this.#tried = [...this.#tried, at];
      if (ok) this.#held.set(lock, { mode: 'spin', state: this.#states.stateOf(lock, id) });
      this.#then = () => this.#run({ value: answerOf(Kind.TryLock, id), at, ok } satisfies Rmw);
      // What fails is a plain load on x86, so its Skip is no half of a LOCKed instruction either.
      return this.#event({ ...common, kind: ok ? Kind.LockWrite : Kind.Skip, rmw: ok });
    };
    return this.#event({ ...common, kind: Kind.TryLock, rmw: true });
  }

  #isLocked(lock: Lock, text: string): Next {
    requireKind(lock, 'spin');
    const at = this.#at;
    this.#then = (found) => this.#run(this.#readAt(at, answerOf(Kind.IsLocked, found)));
    return this.#event({ kind: Kind.IsLocked, loc: lock.id, mark: Mark.Once, text });
  }

  #unlock(lock: Lock, mode: LockMode, text: string): Next {
    const held = this.#held.get(lock);
    if (held === undefined || held.mode !== mode)
      return this.#undisciplined(
        `${unlockText(mode)} of ${lock.name} without holding it so`,
        'unlocks-unheld',
      );
    this.#held.delete(lock);
    this.#then = () => this.#run(undefined);
    if (mode === 'read')
      return this.#event({ kind: Kind.ReadUnlock, loc: lock.id, mark: Mark.Release, text });
    return this.#event({
      kind: Kind.Unlock,
      loc: lock.id,
      mark: Mark.Release,
      value: this.#states.idOf(lock, held.state),
      text,
    });
  }

  #event(
    label: Partial<Label> & { kind: Kind; text: string },
    site?: string,
    depends: Depends = NO_DEPENDS,
  ): Next {
    this.#at += 1;
    if (label.kind === Kind.Fence) this.#then = () => this.#run(undefined);
    return {
      status: 'event',
      label: {
        kind: label.kind,
        loc: label.loc ?? -1,
        mark: label.mark ?? Mark.Plain,
        fence: label.fence ?? Fence.Mb,
        value: label.value ?? 0,
        rmw: label.rmw ?? false,
        expected: label.expected,
        addr: indices(depends.addr),
        data: indices(depends.data),
        ctrl: this.#ctrl,
        must: this.#must,
        until: label.until,
        text: label.text,
        fn: this.#functions.at(-1) ?? '',
        site,
      },
    };
  }

  #finish(): Next {
    const [first] = this.#held.keys();
    if (first !== undefined) return this.#undisciplined(`ends while it holds ${first.name}`, 'ends-holding');
    return { status: 'end', ctrl: this.#ctrl };
  }

  #undisciplined(what: string, breach?: Breach): Next {
    const fn = this.#functions.at(-1);
    return this.#violation('lock-discipline', fn === undefined ? what : `${fn}() ${what}`, breach);
  }

  #violation(property: string, message: string, breach?: Breach): Next {
    const violation = { property, message, breach };
    return { status: 'violation', violation, ctrl: withAll(this.#ctrl, this.#tried) };
  }

  #readAt(at: number, value: number): Read {
    return { value, at };
  }

  #addControl(reads: readonly Read[], isSettled: boolean): void {
    const indices = reads.map((read) => read.at);
    this.#ctrl = withAll(this.#ctrl, indices);
    if (!isSettled) this.#must = withAll(this.#must, indices);
  }
}

/** The value that a modification stores, given what it found; undefined when a cmpxchg fails. */
export function applied(modify: Modify, found: number): number | undefined {
  switch (modify.how) {
    case 'set':
      return modify.value;
    case 'add':
      return found + modify.value;
    case 'or':
      return found | modify.value;
    case 'and-not':
      return found & ~modify.value;
    case 'map':
      return modify.to(found);
    case 'cmpxchg':
      return found === modify.expected ? modify.value : undefined;
  }
}

function requireKind(lock: Lock, mode: LockMode): void {
  if ((lock.lockKind === 'spin') === (mode === 'spin')) return;
  throw new FencepostError('lock-kind', `«${lock.name}» is a ${lock.lockKind} lock, taken as «${mode}»`);
}

function indices(reads: readonly Read[] | undefined): readonly number[] {
  return reads === undefined || reads.length === 0 ? NONE : reads.map((read) => read.at);
}

function withAll(sorted: readonly number[], more: readonly number[]): readonly number[] {
  const fresh = more.filter((at) => !sorted.includes(at));
  return fresh.length === 0 ? sorted : [...sorted, ...fresh].sort((a, b) => a - b);
}
