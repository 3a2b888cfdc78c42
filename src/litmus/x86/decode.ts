import { isShift } from './alu.ts';
import type { Lexer } from '../lexer.ts';
import type { Token } from '../token.ts';
import type { Action, Instruction, Operand } from './instruction.ts';
import { isWeaklyOrdered, mnemonicNamed, type BinaryForm, type Form } from './mnemonic.ts';
import { parseOperand } from './operand.ts';
import type { Width } from './register.ts';

/** In which order a dialect writes operands: Intel has the destination first, AT&T last. */
export type Order = 'intel' | 'at&t';

const KNOWN =
  'known are MOV, LEA, ADD, SUB, AND, OR, XOR, shifts, INC, DEC, NEG, NOT, CMP, TEST, XCHG, CMPXCHG, XADD, Jcc, SETcc, CMOVcc, LOCK and the fences';

/** Without a suffix and without a register the operand is an `int`, as all plain variables are. */
const DEFAULT_WIDTH: Width = 32;

/** Reads one instruction. Throws `litmus-instruction` for what x86, or this program, does not have. */
export function parseInstruction(lexer: Lexer, order: Order): Instruction {
  const start = lexer.peek();
  const prefixed = acceptLock(lexer);
  const name = lexer.word('an instruction');
  const found = mnemonicNamed(name.text);
  if (found === undefined) throw unknown(lexer, name);
  const action = actionOf(lexer, name, found.form, order);
  const widest = found.width ?? ownWidth(action) ?? DEFAULT_WIDTH;
  const locked = prefixed || (found.form.form === 'exchange' && found.form.locks);
  if (prefixed && !isLockable(action))
    throw lexer.error('litmus-instruction', `LOCK does not go with this «${name.text}»`, start, LOCK_HINT);
  const end = lexer.peek().offset;
  return {
    action,
    width: widest,
    sourceWidth: (found.form.form === 'move' ? found.form.sourceWidth : undefined) ?? widest,
    locked,
    text: lexer.source.text.slice(start.offset, end).trim().replace(/\s+/g, ' '),
    at: lexer.source.placeOf(start.offset),
  };
}

const LOCK_HINT = 'it goes with instructions that read and write a memory operand';

/** herd7 allows a semicolon between the prefix and its instruction. */
function acceptLock(lexer: Lexer): boolean {
  if (!/^lock$/i.test(lexer.peek().text)) return false;
  lexer.next();
  lexer.accept(';');
  return true;
}

function unknown(lexer: Lexer, name: Token): Error {
  return isWeaklyOrdered(name.text)
    ? lexer.error(
        'litmus-instruction',
        `«${name.text}» is not ordered as other accesses are`,
        name,
        'no memory model here covers non-temporal stores, cache flushes or string instructions',
      )
    : lexer.error('litmus-instruction', `there is no instruction «${name.text}»`, name, KNOWN);
}

function actionOf(lexer: Lexer, name: Token, form: Form, order: Order): Action {
  if (form.form === 'jump') return { op: 'jump', test: form.test, target: labelName(lexer) };
  const operands = parseOperands(lexer);
  switch (form.form) {
    case 'fence':
      arity(lexer, name, operands, 0);
      return { op: 'fence', fence: form.fence };
    case 'nothing':
      return { op: 'nothing' };
    case 'return':
      arity(lexer, name, operands, 0);
      return { op: 'return' };
    case 'unary':
      arity(lexer, name, operands, 1);
      return { op: 'unary', unary: form.unary, to: writable(lexer, name, operands[0], order) };
    case 'set-if':
      arity(lexer, name, operands, 1);
      return { op: 'set-if', test: form.test, to: writable(lexer, name, operands[0], order) };
    case 'alu':
    case 'move':
    case 'compare':
    case 'exchange':
    case 'exchange-add':
    case 'compare-exchange':
    case 'move-if':
    case 'address':
      return binary(lexer, name, form, operands, order);
  }
}

function binary(
  lexer: Lexer,
  name: Token,
  form: BinaryForm,
  operands: readonly Operand[],
  order: Order,
): Action {
  // `shl %eax` shifts by one.
  if (form.form === 'alu' && isShift(form.alu) && operands.length === 1)
    return { op: 'alu', alu: form.alu, to: writable(lexer, name, operands[0], order), by: ONE };
  arity(lexer, name, operands, 2);
  const [first, second] = order === 'intel' ? operands : [operands[1], operands[0]];
  if (first.kind === 'memory' && second.kind === 'memory')
    throw lexer.error(
      'litmus-instruction',
      `«${name.text}» has two memory operands`,
      name,
      'one must be a register',
    );
  // Where only one of two operands can be the destination, herd7 takes them in either order.
  const [inMemory, inRegister] = second.kind === 'memory' ? [second, first] : [first, second];
  switch (form.form) {
    case 'move':
      return { op: 'move', to: writable(lexer, name, first, order), from: second, signed: form.signed };
    case 'alu':
      return { op: 'alu', alu: form.alu, to: writable(lexer, name, first, order), by: second };
    case 'compare':
      return { op: 'compare', alu: form.alu, a: writable(lexer, name, first, order), b: second };
    case 'exchange':
      return {
        op: 'exchange',
        a: writable(lexer, name, first, order),
        b: writable(lexer, name, second, order),
      };
    case 'compare-exchange':
    case 'exchange-add':
      return {
        op: form.form,
        to: writable(lexer, name, inMemory, order),
        from: writable(lexer, name, inRegister, order),
      };
    case 'move-if': {
      const [to, from] = first.kind === 'memory' ? [second, first] : [first, second];
      return { op: 'move-if', test: form.test, to: writable(lexer, name, to, order), from };
    }
    case 'address':
      if (inMemory.kind !== 'memory')
        throw lexer.error('litmus-instruction', `«${name.text}» takes the address of a memory operand`, name);
      return { op: 'address', to: writable(lexer, name, inRegister, order), from: inMemory };
  }
}

const ONE: Operand = { kind: 'immediate', value: 1 };

function parseOperands(lexer: Lexer): readonly Operand[] {
  if (isCellEnd(lexer)) return [];
  const operands = [parseOperand(lexer)];
  while (lexer.accept(',')) operands.push(parseOperand(lexer));
  return operands;
}

export function isCellEnd(lexer: Lexer): boolean {
  return lexer.sees('|') || lexer.sees('||') || lexer.sees(';') || lexer.peek().kind === 'end';
}

/** A label, perhaps with the dot that compilers put before theirs. */
export function labelName(lexer: Lexer): string {
  const dot = lexer.accept('.') ? '.' : '';
  return `${dot}${lexer.word('a label').text}`;
}

function arity(lexer: Lexer, name: Token, operands: readonly Operand[], wanted: number): void {
  if (operands.length === wanted) return;
  const message = `«${name.text}» takes ${wanted === 0 ? 'no' : wanted} operand${wanted === 1 ? '' : 's'}, not ${operands.length}`;
  throw lexer.error('litmus-instruction', message, name);
}

function writable(lexer: Lexer, name: Token, operand: Operand, order: Order): Operand {
  if (operand.kind === 'register' || operand.kind === 'memory') return operand;
  const where = order === 'intel' ? 'first in the 32-bit dialect' : 'last in the 64-bit dialect';
  throw lexer.error(
    'litmus-instruction',
    `the destination of «${name.text}» is a constant`,
    name,
    `the destination stands ${where}`,
  );
}

function isLockable(action: Action): boolean {
  switch (action.op) {
    case 'alu':
      return action.to.kind === 'memory' && !isShift(action.alu);
    case 'unary':
    case 'exchange-add':
    case 'compare-exchange':
      return action.to.kind === 'memory';
    case 'exchange':
      return action.a.kind === 'memory' || action.b.kind === 'memory';
    case 'move':
    case 'address':
    case 'compare':
    case 'set-if':
    case 'move-if':
    case 'jump':
    case 'fence':
    case 'nothing':
    case 'return':
      return false;
  }
}

/** The size of the first register operand; the count of a shift does not matter. */
function ownWidth(action: Action): Width | undefined {
  const operands: readonly Operand[] =
    'to' in action
      ? 'from' in action
        ? [action.to, action.from]
        : 'by' in action && !isShift(action.alu)
          ? [action.to, action.by]
          : [action.to]
      : 'a' in action
        ? [action.a, action.b]
        : [];
  for (const operand of operands) if (operand.kind === 'register') return operand.register.width;
  return undefined;
}
