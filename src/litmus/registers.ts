/**
 * Final register values. A step program is a function of the values that it reads, so the registers at
 * its end are found by running it once more with those values; leaves of behaviour trees stand for them.
 */
import { GuardedStates } from '../program/guarded.ts';
import type { Program } from '../program/program.ts';
import { Stepper } from '../program/stepper.ts';
import type { Behaviour } from '../program/tree.ts';
import type { Process, Registers } from './test.ts';

const known = new WeakMap<Behaviour, Registers>();

export function finalRegisters(program: Program, process: Process, leaf: Behaviour): Registers {
  let registers = known.get(leaf);
  if (registers === undefined) {
    registers = rerun(program, process, leaf);
    known.set(leaf, registers);
  }
  return registers;
}

function rerun(program: Program, process: Process, leaf: Behaviour): Registers {
  const values: number[] = [];
  for (let node = leaf; node.parent !== undefined; node = node.parent) values.push(node.key);
  const final = new Map<string, number>();
  const stepper = new Stepper(() => process.body(final), program.proposal, new GuardedStates());
  stepper.start();
  while (values.length > 0) stepper.resume(values.pop() as number);
  return final;
}
