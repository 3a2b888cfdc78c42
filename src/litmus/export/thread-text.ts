/**
 * One thread as C. Nodes of the behaviour tree that differ only in what was read before and print the
 * same are one statement; a control dependency splits them, as an `if` around all that follows.
 */
import uniq from 'lodash-es/uniq.js';
import { Fence, Kind, Mark } from '../../memory/event.ts';
import { FencepostError } from '../../program/error.ts';
import { Status, type Behaviour } from '../../program/tree.ts';
import { readAt } from './domain.ts';
import { expressionFor, mentioning, registerName } from './expression.ts';
import type { Names } from './names.ts';
import { rmwText } from './rmw-text.ts';
import type { Walk } from './walk.ts';

const FENCES: ReadonlyMap<number, string> = new Map([
  [Fence.Mb, 'smp_mb();'],
  [Fence.Rmb, 'smp_rmb();'],
  [Fence.Wmb, 'smp_wmb();'],
  [Fence.Barrier, 'barrier();'],
  [Fence.BeforeAtomic, 'smp_mb__before_atomic();'],
  [Fence.AfterAtomic, 'smp_mb__after_atomic();'],
  [Fence.AfterSpinlock, 'smp_mb__after_spinlock();'],
  [Fence.AfterUnlockLock, 'smp_mb__after_unlock_lock();'],
  [Fence.AfterSrcuReadUnlock, 'smp_mb__after_srcu_read_unlock();'],
  [Fence.RcuLock, 'rcu_read_lock();'],
  [Fence.RcuUnlock, 'rcu_read_unlock();'],
  [Fence.SyncRcu, 'synchronize_rcu();'],
]);

/** Set where a thread waits for ever, or where an execution is of no interest: the filter drops those. */
export const CUT = 'cut';

type Group = readonly Behaviour[];

export class ThreadText {
  readonly #walk: Walk;
  readonly #names: Names;
  /** Numbers of the locations and locks that it touches. */
  readonly touched = new Set<number>();
  /** Those of them that are an srcu_struct. */
  readonly srcus = new Set<number>();
  /** Locks whose guarded state is a location. */
  readonly states = new Set<number>();
  /** Program-order indices of the reads that have a register. */
  readonly registers = new Set<number>();
  isCut = false;
  /** Reads that decide whether the thread goes on at all, on which nothing is declared to depend. */
  readonly #undeclared = new Set<number>();

  constructor(walk: Walk, names: Names) {
    this.#walk = walk;
    this.#names = names;
  }

  lines(thread: number): string[] {
    return this.#from([this.#walk.root(thread)], []);
  }

  #from(nodes: Group, decided: readonly number[]): string[] {
    if (nodes.every(({ status }) => status === Status.End)) return [];
    const [{ status, label }] = nodes;
    const on = nodes
      .filter((node) => node.status !== Status.End)
      .flatMap((node) => node.label.ctrl)
      .find((at) => !decided.includes(at));
    if (on !== undefined) return this.#split(nodes, on, decided);
    if (nodes.some((node) => node.status !== status || node.label.kind !== label.kind)) {
      const at = this.#difference(nodes, decided);
      this.#undeclared.add(at);
      return this.#split(nodes, at, decided);
    }
    const over = decided.some((at) => !label.ctrl.includes(at) && !this.#undeclared.has(at));
    if (over && status === Status.Event) throw control(label.text);
    switch (status) {
      case Status.Event:
        return this.#event(nodes, decided);
      case Status.Waiting:
      case Status.Dropped:
        this.isCut = true;
        return [`${CUT} = 1;`];
      case Status.Violation:
        return [`/* violates ${(nodes[0].violation?.property ?? '').replaceAll('*/', '')} */`];
      case Status.End:
        return [];
    }
  }

  /** An `if` for the values of one read; the values after which the most common thing follows come last. */
  #split(nodes: Group, on: number, decided: readonly number[]): string[] {
    const values = uniq(nodes.map((node) => readAt(node, on)));
    const branches = values.map((value) => ({
      value,
      body: this.#from(
        nodes.filter((node) => readAt(node, on) === value),
        [...decided, on],
      ),
    }));
    const rest = branches.find(({ body }) => body.length === 0) ?? branches[branches.length - 1];
    const isRest = (body: readonly string[]): boolean => body.join('\n') === rest.body.join('\n');
    const tested = branches.filter(({ body }) => !isRest(body));
    if (tested.length > 0) return ifElse(registerName(on), tested, rest.body);
    // The same follows whatever was read, and depends on it nevertheless.
    if (rest.body.length === 0) return [];
    return ifElse(registerName(on), [branches[0]], branches.length === 1 ? [] : rest.body);
  }

  /** The latest read whose value tells the nodes apart. */
  #difference(nodes: Group, decided: readonly number[]): number {
    for (let at = nodes[0].at - 1; at >= 0; at--) {
      if (decided.includes(at) || !this.registers.has(at)) continue;
      if (nodes.some((node) => readAt(node, at) !== readAt(nodes[0], at))) return at;
    }
    throw new FencepostError(
      'export-value',
      `what follows «${nodes[0].label.text}» is decided by nothing that was read`,
    );
  }

  #event(nodes: Group, decided: readonly number[]): string[] {
    const [{ label, at }] = nodes;
    const next = (from: Group): Group => from.flatMap((node) => this.#walk.successors(node));
    const rest = (): string[] => this.#from(next(nodes), decided);
    switch (label.kind) {
      case Kind.Read: {
        const pointer = this.#pointer(nodes);
        if (label.rmw) {
          const halves = next(nodes);
          const text = rmwText(nodes, halves, pointer);
          const line = label.mark === Mark.Noreturn ? `${text};` : `${this.#register(at)} = ${text};`;
          return [line, ...this.#from(next(halves), decided)];
        }
        const call = label.mark === Mark.SrcuLock ? `srcu_read_lock(${this.#srcu(label.loc)})` : undefined;
        return [`${this.#register(at)} = ${call ?? loadText(label.mark, pointer)};`, ...rest()];
      }
      case Kind.Write: {
        const data = [...new Set(nodes.flatMap((node) => node.label.data))];
        const value = expressionFor(
          nodes.map((node) => ({ node, value: node.label.value })),
          data,
        );
        if (label.mark === Mark.SrcuUnlock)
          return [`srcu_read_unlock(${this.#srcu(label.loc)}, ${value});`, ...rest()];
        return [storeText(label.mark, this.#pointer(nodes), value), ...rest()];
      }
      case Kind.Fence: {
        if (label.fence === Fence.SyncSrcu) return [`synchronize_srcu(${this.#srcu(label.loc)});`, ...rest()];
        const text = FENCES.get(label.fence);
        if (text === undefined && label.fence !== Fence.X86Only) throw refused(label.text);
        return [text ?? `/* ${label.text}: orders on x86 only */`, ...rest()];
      }
      case Kind.LockRead:
        return [...this.#acquired(nodes[0], ''), ...this.#from(next(next(nodes)), decided)];
      case Kind.TryLock: {
        // Which state was found would have to be read where the lock was had, and only there.
        if (this.#walk.guards(label.loc)) throw guarded(label.text);
        const tried = `${this.#register(at)} = spin_trylock(${this.#lock(label.loc)});`;
        return [tried, ...this.#from(next(next(nodes)), decided)];
      }
      case Kind.IsLocked:
        return [`${this.#register(at)} = spin_is_locked(${this.#lock(label.loc)});`, ...rest()];
      case Kind.ReadLock:
        return [...this.#acquired(nodes[0], ' for read'), ...rest()];
      case Kind.Unlock: {
        const isGuarding = this.#walk.guards(label.loc);
        if (!isGuarding && nodes.some((node) => node.label.value !== 0)) throw guarded(label.text);
        const publish = isGuarding ? [`*${this.#state(label.loc)} = ${label.value};`] : [];
        return [...publish, `spin_unlock(${this.#lock(label.loc)});`, ...rest()];
      }
      case Kind.ReadUnlock:
        return [`spin_unlock(${this.#lock(label.loc)});`, ...rest()];
      case Kind.Choice:
        return rest();
      case Kind.LockWrite:
      case Kind.Skip:
        throw refused(label.text);
    }
  }

  #register(at: number): string {
    this.registers.add(at);
    return registerName(at);
  }

  /** Taking the lock, and reading which state the section before left. */
  #acquired({ label: { loc }, at }: Behaviour, how: string): string[] {
    const line = `spin_lock(${this.#lock(loc)});${this.#note(loc, how)}`;
    return this.#walk.guards(loc) ? [line, `${this.#register(at)} = *${this.#state(loc)};`] : [line];
  }

  #state(lock: number): string {
    this.states.add(lock);
    return this.#names.ofState(lock);
  }

  #srcu(loc: number): string {
    this.srcus.add(loc);
    return this.#lock(loc);
  }

  #lock(loc: number): string {
    this.touched.add(loc);
    return this.#names.of(loc);
  }

  /** A rwlock is exported as a spinlock: the kernel's own memory model has no other. */
  #note(loc: number, how: string): string {
    const lock = this.#walk.program.memory.at(loc);
    return lock.kind === 'lock' && lock.lockKind === 'rw' ? ` /* a rwlock${how}, as a spinlock */` : '';
  }

  #pointer(nodes: Group): string {
    const { loc, text } = nodes[0].label;
    if (nodes.some((node) => node.label.loc !== loc)) {
      throw new FencepostError('export-address', `«${text}» accesses a location that a read decides`, {
        hint: 'litmus tests have no arrays; give the locations pointers of their own, or decide with branch()',
      });
    }
    this.touched.add(loc);
    return mentioning(this.#names.of(loc), [...new Set(nodes.flatMap((node) => node.label.addr))]);
  }
}

interface Branch {
  readonly value: number;
  readonly body: readonly string[];
}

function ifElse(register: string, [first, ...more]: readonly Branch[], rest: readonly string[]): string[] {
  const otherwise = more.length > 0 ? ifElse(register, more, rest) : rest;
  const head = [`if (${register} == ${first.value}) {`, ...indented(first.body)];
  return [...head, ...(otherwise.length > 0 ? ['} else {', ...indented(otherwise)] : []), '}'];
}

function loadText(mark: Mark, pointer: string): string {
  if (mark === Mark.Acquire) return `smp_load_acquire(${pointer})`;
  return mark === Mark.Plain ? target(pointer) : `READ_ONCE(${target(pointer)})`;
}

function storeText(mark: Mark, pointer: string, value: string): string {
  if (mark === Mark.Release) return `smp_store_release(${pointer}, ${value});`;
  return mark === Mark.Plain ? `${target(pointer)} = ${value};` : `WRITE_ONCE(${target(pointer)}, ${value});`;
}

function target(pointer: string): string {
  return /^\w+$/.test(pointer) ? `*${pointer}` : `*(${pointer})`;
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => `\t${line}`);
}

function refused(text: string): FencepostError {
  return new FencepostError('export-event', `«${text}» has no counterpart in a litmus test`);
}

function control(text: string): FencepostError {
  return new FencepostError('export-control', `«${text}» no longer depends on a decision before it`, {
    hint: 'only control dependencies that last to the end of the thread can be exported',
  });
}

function guarded(text: string): FencepostError {
  return new FencepostError('export-guarded-state', `«${text}» publishes a changed guarded state`, {
    hint: 'litmus locks guard nothing: turn what the section changes into plain locations',
  });
}
