/** A C litmus test, from its text to a program. */
import { defineProgram, type Program } from '../../program/program.ts';
import { constantsOf, variablesOf, type Proposition } from '../condition.ts';
import { parseFinal, type Final } from '../final.ts';
import { parseHeader } from '../header.ts';
import { Layout } from '../layout.ts';
import { Lexer } from '../lexer.ts';
import type { Source } from '../source.ts';
import type { LitmusTest, Process } from '../test.ts';
import { parseInitial } from './initial.ts';
import { Interpreter } from './interpreter.ts';
import { parseProcess } from './process.ts';
import { locksOf } from './locks.ts';
import { expressionsIn, partsOf } from './parts.ts';
import type { Expression, Initial, ProcessSyntax } from './syntax.ts';

/** Throws a FencepostError with file, line and column at whatever it does not understand. */
export function parseC(source: Source): LitmusTest {
  const header = parseHeader(source);
  const lexer = new Lexer(source, header.end);
  const initial = parseInitial(lexer);
  const syntax: ProcessSyntax[] = [];
  while (/^P\d+$/.test(lexer.peek().text)) syntax.push(parseProcess(lexer, syntax.length));
  if (syntax.length === 0) throw lexer.unexpected('a process, such as «P0(int *x) { … }»');
  const final = parseFinal(lexer, syntax.length, (name) => name);
  const layout = layOut(initial, syntax, final);
  const processes = syntax.map((process, thread) => lower(source, layout, process, thread, initial));
  return {
    name: header.name,
    arch: 'C',
    file: source.file,
    program: { ...programOf(header.name, layout, processes), literals: literalsIn(syntax) },
    processes,
    ...final,
    info: header.info,
    addressOf: (name) => layout.addressOf(name),
    nameAt: (address) => layout.nameAt(address),
  };
}

/**
 * Everything that has a name is placed in the order of the text, so that addresses are the same each time.
 */
function layOut(initial: readonly Initial[], processes: readonly ProcessSyntax[], final: Final): Layout {
  const layout = new Layout();
  const locks = locksOf(initial, processes);
  const names = new Set<string>();
  for (const { thread, name, value } of initial) {
    if (thread === undefined) names.add(name);
    if (typeof value === 'object') names.add(value.address);
  }
  for (const { parameters } of processes) for (const { name } of parameters) names.add(name);
  for (const name of namesOf(final)) names.add(name);
  const slots = new Map([...names].map((name, slot) => [name, slot]));
  const values = new Map(
    initial.filter(({ thread }) => thread === undefined).map((item) => [item.name, item.value]),
  );
  for (const name of names) {
    const value = values.get(name) ?? 0;
    if (locks.has(name)) layout.lock(name);
    else
      layout.location(
        name,
        typeof value === 'number' ? value : Layout.addressOfSlot(slots.get(value.address) as number),
      );
  }
  return layout;
}

function namesOf({ locations, filter, condition }: Final): string[] {
  const propositions = [condition.proposition, ...(filter === undefined ? [] : [filter])];
  const variables = [...locations, ...propositions.flatMap(variablesOf)];
  return [
    ...variables.flatMap((variable) => (variable.kind === 'location' ? [variable.name] : [])),
    ...propositions.flatMap(addressesIn),
  ];
}

function addressesIn(proposition: Proposition): string[] {
  return constantsOf(proposition).flatMap((constant) => (constant.kind === 'address' ? [constant.of] : []));
}

function literalsIn(processes: readonly ProcessSyntax[]): number[] {
  const literals = new Set<number>();
  const visit = (expression: Expression): void => {
    if (expression.kind === 'number') literals.add(expression.value);
    partsOf(expression).forEach(visit);
  };
  for (const { body } of processes) expressionsIn(body).forEach(visit);
  return [...literals];
}

function lower(
  source: Source,
  layout: Layout,
  process: ProcessSyntax,
  thread: number,
  initial: readonly Initial[],
): Process {
  const variables = new Map<string, number>();
  for (const { name } of process.parameters) variables.set(name, layout.addressOf(name) as number);
  for (const { thread: of, name, value } of initial) {
    if (of === thread)
      variables.set(name, typeof value === 'number' ? value : (layout.addressOf(value.address) as number));
  }
  return {
    name: process.name,
    body: (final) => new Interpreter(source, layout, process, variables).run(final),
  };
}

function programOf(name: string, layout: Layout, processes: readonly Process[]): Program {
  const threads = processes.map((process) => ({
    name: process.name,
    body: () => process.body(new Map()),
  }));
  return defineProgram(name, layout.memory, threads);
}
