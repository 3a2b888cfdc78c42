import { Mark } from '../../memory/event.ts';
import {
  fence,
  rcuReadLock,
  rcuReadUnlock,
  rmw,
  smpMb,
  smpMbAfterSrcuReadUnlock,
  spinIsLocked,
  spinLock,
  spinTrylock,
  spinUnlock,
  srcuReadLock,
  srcuReadUnlock,
  synchronizeRcu,
  synchronizeSrcu,
} from '../../program/operations.ts';
import type { Depends, Modify, Steps } from '../../program/operation.ts';
import { valueOf, type Interpreter } from './interpreter.ts';
import { macroNamed, type Act, type KnownMacro, type Macro } from './macros.ts';
import type { Expression } from './syntax.ts';
import { applyBinary, constant, joined, type Value } from './value.ts';

type Call = Extract<Expression, { kind: 'call' }>;
type Atomic = Extract<Macro, { does: 'atomic' }>;
type AddUnless = Extract<Macro, { does: 'add-unless' }>;

const NOTHING = constant(0);

/** Performs a macro of the kernel's vocabulary and gives its value; 0 where it has none. */
export function* callMacro(to: Interpreter, call: Call): Steps<Value> {
  const { macro } = macroNamed(call.macro) as KnownMacro;
  const { words, at } = call;
  switch (macro.does) {
    case 'load':
      return yield* to.load(yield* pointerOf(to, words[0], macro.through), macro.mark, at);
    case 'store': {
      const pointer = yield* pointerOf(to, words[0], macro.through);
      yield* to.store(pointer, yield* to.evaluate(words[1]), macro.mark, at);
      return NOTHING;
    }
    case 'store-mb': {
      const pointer = yield* pointerOf(to, words[0], 'target');
      yield* to.store(pointer, yield* to.evaluate(words[1]), Mark.Once, at);
      yield* smpMb();
      return NOTHING;
    }
    case 'fence':
      yield* fence(macro.fence, `${call.macro}()`);
      return NOTHING;
    case 'xchg': {
      const pointer = yield* to.evaluate(words[0]);
      const value = yield* to.evaluate(words[1]);
      const depends = { addr: pointer.from, data: value.from };
      const how = { how: 'set', value: value.number } as const;
      return yield* modify(to, call, pointer, how, macro.mark, depends);
    }
    case 'cmpxchg':
      return yield* cmpxchg(to, call, macro.mark);
    case 'try_cmpxchg':
      return yield* tryCmpxchg(to, call, macro.mark);
    case 'atomic':
      return yield* atomic(to, call, macro);
    case 'add-unless':
      return yield* addUnless(to, call, macro);
    case 'spin-lock':
    case 'spin-unlock':
    case 'spin-trylock':
    case 'spin-is-locked':
    case 'rcu-lock':
    case 'rcu-unlock':
    case 'rcu-sync':
    case 'srcu-lock':
    case 'srcu-unlock':
    case 'srcu-sync':
    case 'srcu-mb':
      return yield* act(to, call, macro.does);
  }
}

/** The pointer of an argument that stands for a location: `*p`, or `p` where the macro takes pointers. */
function* pointerOf(to: Interpreter, word: Expression, through: 'target' | 'pointer'): Steps<Value> {
  return yield* to.evaluate(through === 'target' && word.kind === 'target' ? word.pointer : word);
}

/** Shows as the macro that the test has. */
function* modify(
  to: Interpreter,
  { macro, at }: Call,
  pointer: Value,
  how: Modify,
  mark: Mark,
  depends: Depends,
): Steps<Value> {
  const location = to.locationAt(pointer, at);
  const read = yield* rmw(location, how, mark, { ...depends, text: `${macro}(&${location.name})` });
  return { number: read.value, from: [{ value: read.value, at: read.at }] };
}

function* cmpxchg(to: Interpreter, call: Call, mark: Mark): Steps<Value> {
  const { words } = call;
  const pointer = yield* to.evaluate(words[0]);
  const expected = yield* to.evaluate(words[1]);
  const value = yield* to.evaluate(words[2]);
  const how = { how: 'cmpxchg', expected: expected.number, value: value.number } as const;
  const depends = { addr: pointer.from, data: value.from };
  // What is expected decides whether there is a write at all.
  return yield* to.decidedBy(expected.from, modify(to, call, pointer, how, mark, depends));
}

/**
 * `try_cmpxchg(p, &old, new)`: says whether it has stored, and if not leaves what it has found in the local variable
 * `old`. Where it has, `old` does not depend on the read, so which of the two is guessed.
 */
function* tryCmpxchg(to: Interpreter, call: Call, mark: Mark): Steps<Value> {
  const [, old] = call.words;
  if (old.kind !== 'name' || to.isParameter(old.name)) {
    throw to.source.error(
      'bad-arguments',
      `${call.macro}() takes the address of a local variable`,
      old.at,
      'what it expects is there, and what it finds goes there: «&r0»',
    );
  }
  const expected = yield* to.evaluate(old);
  const stores = yield* to.guess('stores', 'finds another value');
  const found = yield* cmpxchg(to, call, mark);
  const from = joined(found.from, expected.from);
  to.holdAgainst(stores === (found.number === expected.number), from);
  if (!stores) to.setLocal(old.name, found);
  return { number: stores ? 1 : 0, from };
}

function* atomic(to: Interpreter, call: Call, macro: Atomic): Steps<Value> {
  const { words } = call;
  const by = macro.by === undefined ? yield* to.evaluate(words[0]) : constant(macro.by);
  const pointer = yield* to.evaluate(words[words.length - 1]);
  const how = modification(macro, by.number);
  const old = yield* modify(to, call, pointer, how, macro.mark, { addr: pointer.from, data: by.from });
  const stored = how.how === 'add' ? old.number + how.value : 0;
  switch (macro.returns) {
    case 'nothing':
      return NOTHING;
    case 'old':
      return old;
    case 'new':
      return { number: stored, from: joined(old.from, by.from) };
    case 'is-zero':
      return { number: stored === 0 ? 1 : 0, from: joined(old.from, by.from) };
    case 'is-negative':
      return { number: stored < 0 ? 1 : 0, from: joined(old.from, by.from) };
  }
}

/** No value in memory: a cmpxchg that expects it is the lone read of an atomic that fails. */
const NEVER_FOUND = Number.MIN_SAFE_INTEGER;

/** Adds unless a certain value is found. Whether it is, is guessed: only then the events are known. */
function* addUnless(to: Interpreter, call: Call, macro: AddUnless): Steps<Value> {
  const { words } = call;
  const pointer = yield* to.evaluate(words[0]);
  const by = macro.by === undefined ? yield* to.evaluate(words[1]) : constant(macro.by);
  const unless = macro.by === undefined ? yield* to.evaluate(words[2]) : NOTHING;
  const adds = yield* to.guess('add', 'leave');
  const how: Modify = adds
    ? { how: 'add', value: by.number }
    : { how: 'cmpxchg', expected: NEVER_FOUND, value: 0 };
  const depends = { addr: pointer.from, data: joined(by.from, unless.from) };
  const found = yield* modify(to, call, pointer, how, macro.mark, depends);
  to.holdAgainst(adds === (found.number !== unless.number), joined(found.from, unless.from));
  return { number: adds ? 1 : 0, from: found.from };
}

function modification({ operation }: Atomic, by: number): Modify {
  switch (operation) {
    case 'add':
      return { how: 'add', value: by };
    case 'sub':
      return { how: 'add', value: -by };
    case 'or':
      return { how: 'or', value: by };
    case 'and':
      return { how: 'and-not', value: ~by };
    case 'andnot':
      return { how: 'and-not', value: by };
    case 'xor':
      return { how: 'map', to: (found) => applyBinary('^', constant(found), constant(by)).number };
  }
}

/** Locks and RCU. */
function* act(to: Interpreter, { words, at }: Call, does: Act): Steps<Value> {
  const of = words.length > 0 ? yield* to.evaluate(words[0]) : NOTHING;
  switch (does) {
    case 'spin-lock':
      yield* spinLock(to.lockAt(of, at));
      return NOTHING;
    case 'spin-unlock':
      // Whoever guessed wrong that a trylock got the lock does not hold it.
      yield* to.dropWrongGuesses();
      yield* spinUnlock(to.lockAt(of, at));
      return NOTHING;
    case 'spin-trylock':
      return valueOf(yield* spinTrylock(to.lockAt(of, at)));
    case 'spin-is-locked':
      return valueOf(yield* spinIsLocked(to.lockAt(of, at)));
    case 'rcu-lock':
      yield* rcuReadLock();
      return NOTHING;
    case 'rcu-unlock':
      yield* rcuReadUnlock();
      return NOTHING;
    case 'rcu-sync':
      yield* synchronizeRcu();
      return NOTHING;
    case 'srcu-lock': {
      const cookie = yield* srcuReadLock(to.locationAt(of, at));
      return { number: cookie.value, from: [cookie] };
    }
    case 'srcu-unlock': {
      const cookie = yield* to.evaluate(words[1]);
      const read = cookie.from[cookie.from.length - 1];
      if (read === undefined) {
        throw to.source.error(
          'no-cookie',
          'this cookie does not come from srcu_read_lock()',
          words[1].at,
          'pass what srcu_read_lock() returned',
        );
      }
      yield* srcuReadUnlock(to.locationAt(of, at), { value: cookie.number, at: read.at });
      return NOTHING;
    }
    case 'srcu-mb':
      yield* smpMbAfterSrcuReadUnlock();
      return NOTHING;
    case 'srcu-sync':
      yield* synchronizeSrcu(to.locationAt(of, at));
      return NOTHING;
  }
}
