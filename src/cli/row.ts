import type { Flag } from '../check/flags.ts';
import type { Judgement } from '../check/run.ts';
import type { VerdictName } from '../check/scenario.ts';
import type { Reach } from '../explore/explore.ts';

/** A verdict in the words of `--json`: keys and their order are part of the interface. */
export interface Row {
  readonly scenario: string;
  readonly proposal: string;
  readonly model: string;
  readonly verdict: VerdictName;
  readonly expected: VerdictName;
  readonly executions: number;
  readonly blocked: number;
  readonly exhaustive: boolean;
  readonly seconds: number;
  readonly witness: null | {
    readonly property: string;
    readonly message: string;
    readonly replay: string;
    readonly trace?: string;
  };
  readonly engine: string;
  /** Violating executions by property. */
  readonly violations: Readonly<Record<string, number>>;
  /** What stands beside the verdict under `lkmm`; without `b` and `missing` where there are none. */
  readonly flags: readonly Flag[];
  /** Of what the memory model allows: `all`, `paths-gone`, `constructible` (decision 18). */
  readonly reach: Reach;
}

/** `trace` renders the witness where it is wanted. */
export function rowOf(judgement: Judgement, trace?: (judgement: Judgement) => string): Row {
  const { witness } = judgement;
  return {
    scenario: judgement.scenario.name,
    proposal: judgement.proposal.name,
    model: judgement.model,
    verdict: judgement.verdict,
    expected: judgement.expected,
    executions: judgement.executions,
    blocked: judgement.blocked,
    exhaustive: judgement.exhaustive,
    seconds: Math.round(judgement.milliseconds) / 1000,
    witness:
      witness === undefined
        ? null
        : {
            property: witness.property,
            message: witness.message,
            replay: witness.replay,
            ...(trace && { trace: trace(judgement) }),
          },
    engine: judgement.engine,
    violations: Object.fromEntries(judgement.violations.map(({ property, count }) => [property, count])),
    flags: judgement.flags,
    reach: judgement.reach,
  };
}
