import type { Refusal, Report } from './perform.ts';

/** One object a line, whatever became of the file. */
export function jsonLine(result: Report | Refusal): string {
  return `${JSON.stringify(result.kind === 'report' ? reportJson(result) : refusalJson(result))}\n`;
}

function reportJson(report: Report): object {
  const { counts } = report;
  return {
    test: report.task.file.name,
    name: report.name,
    model: report.model,
    observation: report.observation,
    ...(counts === undefined
      ? { counts: 'not asked', flags: 'not judged' }
      : { ...counts, states: counts.states.length }),
    exhaustive: report.exhaustive,
    seconds: Number(report.seconds.toFixed(3)),
    condition: report.condition,
    explanation: report.explanation,
    reach: report.reach,
  };
}

function refusalJson({ task, code, message, place, hint }: Refusal): object {
  return { test: task.file.name, error: { code, message, ...place, hint } };
}
