import type { Quantifier } from '../../litmus/condition.ts';
import type { Report } from './perform.ts';

const KIND: Readonly<Record<Quantifier, string>> = {
  exists: 'Allowed',
  'not-exists': 'Forbidden',
  forall: 'Required',
};

/** A finished test in herd7's own format, with an empty line behind it. */
export function herdText(report: Report): string {
  const { name, counts } = report;
  const lines = [
    `Test ${name} ${KIND[report.quantifier]}`,
    ...(counts === undefined ? [] : [`States ${counts.states.length}`, ...counts.states]),
    report.ok ? 'Ok' : 'No',
    ...(counts === undefined
      ? []
      : [
          'Witnesses',
          `Positive: ${counts.positive} Negative: ${counts.negative}`,
          ...counts.flags.map((flag) => `Flag ${flag}`),
        ]),
    `Condition ${report.condition}`,
    observationText(report),
    ...(counts === undefined
      ? [`Counts ${name}: not asked for, so there are no states either and flags were not judged`]
      : []),
    ...(report.exhaustive ? [] : [`Bounded ${name}: stopped before every execution was seen`]),
    ...(report.exhaustive && report.reach !== 'all'
      ? [`Reach ${name}: executions that are built step by step; LKMM may allow others out of thin air`]
      : []),
    `Time ${name} ${report.seconds.toFixed(2)}`,
  ];
  const why = report.explanation === undefined ? [] : ['', ...report.explanation];
  return `${[...lines, ...why].join('\n')}\n\n`;
}

/** herd7's line of that name; without counts where they were not asked for. */
export function observationText({ name, observation, counts }: Report): string {
  const numbers = counts === undefined ? '' : ` ${counts.positive} ${counts.negative}`;
  return `Observation ${name} ${observation}${numbers}`;
}
