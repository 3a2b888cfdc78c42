import type { Quantifier } from '../../litmus/condition.ts';
import type { Report } from './report.ts';

const KIND: Readonly<Record<Quantifier, string>> = {
  exists: 'Allowed',
  'not-exists': 'Forbidden',
  forall: 'Required',
};

/** A finished test in herd7's own format, with an empty line behind it. */
export function herdText(report: Report): string {
  const { name, states, positive, negative } = report;
  const lines = [
    `Test ${name} ${KIND[report.quantifier]}`,
    `States ${states.length}`,
    ...states,
    report.ok ? 'Ok' : 'No',
    'Witnesses',
    `Positive: ${positive} Negative: ${negative}`,
    ...report.flags.map((flag) => `Flag ${flag}`),
    `Condition ${report.condition}`,
    `Observation ${name} ${report.observation} ${positive} ${negative}`,
    ...(report.exhaustive ? [] : [`Bounded ${name}: stopped before every execution was seen`]),
    ...(report.exhaustive && report.reach !== 'all'
      ? [`Reach ${name}: executions that are built step by step; LKMM may allow others out of thin air`]
      : []),
    `Time ${name} ${report.seconds.toFixed(2)}`,
  ];
  const why = report.explanation === undefined ? [] : ['', ...report.explanation];
  return `${[...lines, ...why].join('\n')}\n\n`;
}
