/** How the tables say what a verdict does not speak of (decision 18). */
import type { Reach } from '../explore/explore.ts';

interface Reached {
  readonly verdict: string;
  readonly reach: Reach;
}

const MARK = '*';

/** «safe» with a mark where LKMM may allow executions that were not tried. A violation needs none. */
export function verdictText({ verdict, reach }: Reached): string {
  return verdict === 'safe' && reach === 'constructible' ? `${verdict}${MARK}` : verdict;
}

/** What the mark means; nothing where no verdict has it. */
export function footnote(verdicts: readonly Reached[]): string {
  return verdicts.some((each) => verdictText(each) !== each.verdict)
    ? `${MARK} without executions out of thin air: LKMM may allow some, and there are too many to try\n`
    : '';
}

/** How much was explored, of searches that came to their end. */
export function depthText(verdicts: readonly Reached[]): string {
  return verdicts.every(({ verdict, reach }) => verdict === 'violated' || reach === 'all')
    ? 'every execution was explored'
    : 'every execution was explored, but for some out of thin air that LKMM may allow';
}
