import { FencepostError } from '../../program/error.ts';
import type { Behaviour } from '../../program/tree.ts';
import { readAt } from './domain.ts';

/** The value that an expression must have at a node of the behaviour tree. */
export interface Case {
  readonly node: Behaviour;
  readonly value: number;
}

export const registerName = (at: number): string => `r${at}`;

/**
 * A C expression over the registers of the reads `on` that has the value wanted in every case, and whose
 * syntax depends on all of them: what does not matter for the value is mentioned as `(r1 & 0)`.
 */
export function expressionFor(cases: readonly Case[], on: readonly number[]): string {
  const { value } = cases[0];
  if (cases.every((one) => one.value === value)) return mentioning(String(value), on);
  if (on.length === 1) {
    const difference = value - readAt(cases[0].node, on[0]);
    if (cases.every((one) => one.value - readAt(one.node, on[0]) === difference)) {
      const sign = difference < 0 ? '-' : '+';
      return difference === 0
        ? registerName(on[0])
        : `${registerName(on[0])} ${sign} ${Math.abs(difference)}`;
    }
  }
  return tableFor(cases, on);
}

/** The expression with a dependency on more reads that leave its value as it is. */
export function mentioning(expression: string, on: readonly number[]): string {
  return [expression, ...on.map((at) => `(${registerName(at)} & 0)`)].join(' + ');
}

/** Whether the value wanted is a function of these reads. */
export function isFunction(cases: readonly Case[], on: readonly number[]): boolean {
  const known = new Map<string, number>();
  return cases.every(({ node, value }) => {
    const key = on.map((at) => readAt(node, at)).join();
    const before = known.get(key) ?? value;
    known.set(key, value);
    return before === value;
  });
}

/** `(r1 == 1) * 5 + (r1 == 2) * 7`: one summand a combination of values. */
function tableFor(cases: readonly Case[], on: readonly number[]): string {
  if (!isFunction(cases, on)) {
    const { text } = cases[0].node.label;
    throw new FencepostError('export-value', `what «${text}» stores does not follow from its declared data`, {
      hint: 'declare the reads that it depends on: { data: [read] }',
    });
  }
  const summands = new Set<string>();
  for (const { node, value } of cases) {
    const tests = on.map((at) => `(${registerName(at)} == ${readAt(node, at)})`);
    if (value !== 0) summands.add([...tests, value].join(' * '));
  }
  return [...summands].join(' + ');
}
