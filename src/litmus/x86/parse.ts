/**
 * Litmus tests in x86 assembly, as herd7 reads them: `X86` (32 bit, Intel order, `MOV [x],$1`) and
 * `X86_64` (AT&T order, `movl $1,(x)`). Variables that nobody declares hold 0.
 */
import { defineProgram } from '../../program/program.ts';
import { variablesOf, type Variable } from '../condition.ts';
import { parseFinal, type Final } from '../final.ts';
import { parseHeader } from '../header.ts';
import { Lexer } from '../lexer.ts';
import type { Source } from '../source.ts';
import type { Architecture, LitmusTest, Process } from '../test.ts';
import { AddressSpace } from './address-space.ts';
import { parseCode } from './code.ts';
import { parseInit, type Init, type InitialValue } from './init.ts';
import type { Code, Instruction, Operand } from './instruction.ts';
import { extract, insert, namesOf, registerNamed } from './register.ts';
import { Thread } from './thread.ts';

type Arch = Extract<Architecture, 'X86' | 'X86_64'>;

/** Parses a test whose first word is `X86` or `X86_64`. Throws a located `FencepostError`. */
export function parseX86(source: Source): LitmusTest {
  const { arch: dialect, name, info, end } = parseHeader(source);
  const arch: Arch = dialect === 'X86' ? 'X86' : 'X86_64';
  const lexer = new Lexer(source, end);
  const init = parseInit(lexer);
  const codes = parseCode(lexer, arch === 'X86' ? 'intel' : 'at&t');
  const final = parseFinal(lexer, codes.length, (word) => spelt(word, arch));
  for (const { thread, token } of init.registers)
    if (thread >= codes.length) throw lexer.error('no-such-process', `there is no process P${thread}`, token);
  const space = spaceOf(lexer, init, codes, final);
  const processes = codes.map((code, i) =>
    processOf(code, `P${i}`, initialRegisters(init, i, space), space, arch, source.file),
  );
  const threads = processes.map((process) => ({ name: process.name, body: () => process.body(new Map()) }));
  return {
    name,
    arch,
    file: source.file,
    program: defineProgram(name, space.memory, threads),
    processes,
    ...final,
    info,
    addressOf: (location) => space.addressOf(location),
    nameAt: (value) => space.nameAt(value),
  };
}

/** Registers are spelt as herd7 prints them: `EAX` in 32 bits, `rax` in 64. */
function spelt(word: string, arch: Arch): string | undefined {
  if (registerNamed(word) === undefined) return undefined;
  return arch === 'X86' ? word.toUpperCase() : word.toLowerCase();
}

/**
 * Declares every variable in the order of the file: those of the initial state, of the code, of the final
 * section.
 */
function spaceOf(lexer: Lexer, init: Init, codes: readonly Code[], final: Final): AddressSpace {
  const space = new AddressSpace();
  for (const { name, elementSize, values, token } of init.locations) {
    if (space.has(name)) throw lexer.error('litmus-syntax', `«${name}» is initialised twice`, token);
    if (elementSize === undefined) space.declare(name);
    else space.declareArray(name, elementSize, values.length);
  }
  const implicit = [
    ...[
      ...init.locations.flatMap(({ values }) => values),
      ...init.registers.map(({ value }) => value),
    ].flatMap((value) => (value.kind === 'address' ? [value.of] : [])),
    ...codes.flatMap(({ instructions }) => instructions.flatMap(symbolsOf)),
    ...namesIn(final),
  ];
  for (const name of implicit) if (!space.has(name)) space.declare(name);
  for (const { name, values } of init.locations)
    space.initialise(
      name,
      values.map((value) => numberOf(value, space)),
    );
  space.freeze();
  return space;
}

function symbolsOf({ action }: Instruction): string[] {
  return Object.values(action as Record<string, Operand | string>).flatMap((operand) =>
    typeof operand === 'object' && 'symbol' in operand && operand.symbol !== undefined
      ? [operand.symbol]
      : [],
  );
}

function namesIn({ condition, filter, locations }: Final): string[] {
  const variables: Variable[] = [...variablesOf(condition.proposition), ...locations];
  if (filter !== undefined) variables.push(...variablesOf(filter));
  return variables.flatMap((variable) => (variable.kind === 'location' ? [variable.name] : []));
}

function initialRegisters({ registers }: Init, thread: number, space: AddressSpace): Map<string, bigint> {
  const initial = new Map<string, bigint>();
  for (const { register, value, thread: own } of registers) {
    if (own !== thread) continue;
    const whole = initial.get(register.family) ?? 0n;
    // `0:EAX=-1` means the number; what a 32-bit write clears is not at stake before the first instruction.
    initial.set(register.family, insert(whole, register, BigInt(numberOf(value, space))));
  }
  return initial;
}

function numberOf(value: InitialValue, space: AddressSpace): number {
  return value.kind === 'number' ? value.value : (space.addressOf(value.of) ?? 0);
}

function processOf(
  code: Code,
  name: string,
  initial: ReadonlyMap<string, bigint>,
  space: AddressSpace,
  arch: Arch,
  file: string,
): Process {
  return {
    name,
    *body(final) {
      const thread = new Thread(code, space, initial, file);
      yield* thread.run();
      for (const [family, whole] of thread.registers()) {
        for (const part of namesOf(family)) {
          const register = registerNamed(part);
          if (register === undefined) continue;
          const value = BigInt.asIntN(register.width, extract(whole, register));
          final.set(arch === 'X86' ? part.toUpperCase() : part, Number(value));
        }
      }
    },
  };
}
