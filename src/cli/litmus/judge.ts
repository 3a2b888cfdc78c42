/**
 * Judges a test by the `Result:` comment in its file, the way the kernel's `judgelitmus.sh` does and in its
 * words, so that scripts which read them keep working. Deadlocks and races are judged too: that takes counts.
 */
import { observationText } from './herd-text.ts';
import type { Refusal, Report } from './perform.ts';

export interface Judged {
  readonly text: string;
  readonly holds: boolean;
}

/** A test that says nothing of its result is not judged. */
export function judgeLitmus(result: Report | Refusal): Judged {
  const { shown } = result.task.file;
  if (result.kind === 'refusal') {
    const text =
      result.code === 'unknown-macro'
        ? ` !!! Current LKMM version does not know "${result.about}" ${shown}`
        : ` !!! Verification error ${shown}`;
    return { text: `${text}\n`, holds: false };
  }
  const seen = `${observationText(result)}\n`;
  const [outcome, ...more] = (result.expected ?? 'maybe').split(/\s+/);
  if (!result.exhaustive && !isSettled(result, outcome))
    return { text: `${seen} !!! Timeout ${shown}\n`, holds: false };
  if (result.expected === undefined) return { text: seen, holds: true };
  // A race voids the observation.
  if (more.includes('DATARACE') || hasRace(result)) return judgeRace(result, more.includes('DATARACE'), seen);
  if (isAsExpected(result, outcome)) return { text: seen, holds: true };
  return { text: `${seen} !!! Unexpected non-${outcome} verification ${shown}\n`, holds: false };
}

function isAsExpected({ observation, counts }: Report, outcome: string): boolean {
  switch (outcome.toLowerCase()) {
    case 'maybe':
      return true;
    case 'deadlock':
      return observation === 'Never' && counts?.positive === 0 && counts.negative === 0;
    default:
      return outcome.toLowerCase() === observation.toLowerCase();
  }
}

/** Whether what an unfinished run has seen is enough: both kinds of executions, where that was expected. */
function isSettled({ observation }: Report, outcome: string): boolean {
  return observation === 'Sometimes' && outcome.toLowerCase() === 'sometimes';
}

function hasRace({ counts }: Report): boolean {
  return counts?.flags.includes('data-race') ?? false;
}

function judgeRace(report: Report, predicted: boolean, seen: string): Judged {
  const flagged = hasRace(report);
  if (predicted === flagged) return { text: `${seen}Flag data-race\n`, holds: true };
  const what = predicted ? 'Predicted data race not found' : 'Unexpected data race';
  return { text: `${seen} !!! ${what} ${report.task.file.shown}\n`, holds: false };
}
