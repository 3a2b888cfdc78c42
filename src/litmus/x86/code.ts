import type { Lexer } from '../lexer.ts';
import type { Token } from '../token.ts';
import { isCellEnd, labelName, parseInstruction, type Order } from './decode.ts';
import type { Code, Instruction } from './instruction.ts';

/** Words and signs with which the final section begins. */
const FINAL = ['exists', 'forall', '~', 'filter', 'locations'];

const COLUMNS_HINT = 'each row has one cell a process, separated by «|», and ends with «;»';

/** One process while its column is being read. */
class Column {
  readonly instructions: Instruction[] = [];
  readonly labels = new Map<string, number>();
  readonly jumps: { readonly target: string; readonly token: Token }[] = [];
}

/** Reads the table of processes, `P0 | P1 ;` and its rows, up to the final section. */
export function parseCode(lexer: Lexer, order: Order): Code[] {
  const columns = parseHeading(lexer);
  while (!isFinal(lexer)) parseRow(lexer, columns, order);
  for (const { jumps, labels } of columns) {
    for (const { target, token } of jumps)
      if (!labels.has(target)) throw lexer.error('litmus-label', `there is no label «${target}»`, token);
  }
  return columns;
}

function parseHeading(lexer: Lexer): Column[] {
  const columns: Column[] = [];
  do {
    const token = lexer.peek();
    const name = lexer.word('the columns of processes: «P0 | P1 ;»').text;
    if (name !== `P${columns.length}`)
      throw lexer.error('litmus-syntax', `expected «P${columns.length}», found «${name}»`, token);
    columns.push(new Column());
  } while (lexer.accept('|'));
  lexer.expect(';', 'behind the names of the processes');
  return columns;
}

function isFinal(lexer: Lexer): boolean {
  return lexer.peek().kind === 'end' || (FINAL.some((word) => lexer.sees(word)) && !lexer.sees(':', 1));
}

function parseRow(lexer: Lexer, columns: readonly Column[], order: Order): void {
  const start = lexer.peek();
  let cells = 0;
  for (;;) {
    if (cells === columns.length) throw lexer.unexpected('«;» at the end of the row');
    parseCell(lexer, columns[cells], order);
    cells += 1;
    // Two bars with nothing between them are an empty cell, but one sign to the lexer.
    if (lexer.accept('||')) cells += 1;
    else if (!lexer.accept('|')) break;
  }
  lexer.expect(';', 'at the end of a row, or «|» between two cells');
  if (cells !== columns.length) {
    const message = `this row has ${cells} cells for ${columns.length} processes`;
    throw lexer.error('litmus-syntax', message, start, COLUMNS_HINT);
  }
}

function parseCell(lexer: Lexer, column: Column, order: Order): void {
  while (lexer.sees(':', lexer.sees('.') ? 2 : 1)) {
    const token = lexer.peek();
    const label = labelName(lexer);
    lexer.expect(':', 'behind a label');
    if (column.labels.has(label))
      throw lexer.error('litmus-label', `the label «${label}» stands twice in this process`, token);
    column.labels.set(label, column.instructions.length);
  }
  if (isCellEnd(lexer)) return;
  const token = lexer.peek();
  const instruction = parseInstruction(lexer, order);
  column.instructions.push(instruction);
  if (instruction.action.op === 'jump') column.jumps.push({ target: instruction.action.target, token });
}
