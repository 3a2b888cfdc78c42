/** Recorded executions before the axioms: slow and obviously right, for what comes from outside. */
import { AXIOMS } from '../memory/axioms/index.ts';
import type { ModelName } from '../memory/model.ts';
import { candidateOf } from '../program/candidate.ts';
import type { Execution } from '../program/execution.ts';
import { sourceOf } from '../program/section.ts';

/** Whether the memory model allows the execution. */
export function isConsistent(execution: Execution, model: ModelName): boolean {
  if (!followsEndedSections(execution)) return false;
  const candidate = candidateOf(execution);
  return AXIOMS[model].judge(candidate.events)(candidate) === undefined;
}

/** False when a lock is taken from a section that has not ended, of which the axioms know nothing. */
function followsEndedSections(execution: Execution): boolean {
  const events = execution.runs.flatMap((run) => run.events);
  return events.every((event) => event.rf === undefined || sourceOf(execution, event) !== undefined);
}
