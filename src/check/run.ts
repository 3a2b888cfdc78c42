/**
 * Judges one scenario under one proposal and one memory model: explores every execution, to the end even
 * after a violation, because the counts and the shortest witness need it.
 */
import type { Reach } from '../explore/explore.ts';
import { FlagWatch } from '../explore/flag-watch.ts';
import { StateLimit } from '../explore/interleave.ts';
import { replayId } from '../explore/replay.ts';
import type { MemoryModel, ModelName } from '../memory/model.ts';
import type { Program } from '../program/program.ts';
import type { Proposal } from '../program/site.ts';
import { BehaviourTree } from '../program/tree.ts';
import type { Violation } from '../program/violation.ts';
import { search, type EngineName } from './engine.ts';
import { flagsOf, type Flag } from './flags.ts';
import type { Found } from './found.ts';
import type { Property } from './property.ts';
import { expectedVerdict, type Scenario, type VerdictName } from './scenario.ts';
import { Contender, type Witness } from './witness.ts';
import { makeWorld, passOn, programOf } from './world.ts';

export interface JudgeOptions {
  readonly engine?: EngineName;
  /** Stop after so many executions, blocked ones included. */
  readonly maxExecutions?: number;
  /** Stop the interleaving oracle after so many states; it has seen nothing then. */
  readonly maxStates?: number;
  /** Stop after so many milliseconds. */
  readonly maxTime?: number;
  /** Stop at the first violation, for whoever asks whether there is one, and not for the shortest. */
  readonly untilViolated?: boolean;
  /** Milliseconds that only grow. */
  readonly now?: () => number;
  /** Does the search and says whether it came to its end: something outside may have cut it off. */
  readonly supervise?: (search: () => void) => boolean;
  /** Called now and then during a long search. */
  readonly onProgress?: (executions: number, blocked: number) => void;
}

/** How often a property is violated, and the shortest proof of it. */
export interface ViolatedProperty {
  readonly property: string;
  readonly count: number;
  /** Undefined when the engine knows no executions. */
  readonly witness: Witness | undefined;
}

export interface Judgement {
  readonly scenario: Scenario;
  readonly proposal: Proposal;
  readonly model: ModelName;
  readonly engine: EngineName;
  readonly program: Program;
  /** A violation found before a limit was hit is one all the same; «safe» is said only of all executions. */
  readonly verdict: VerdictName;
  readonly expected: 'safe' | 'violated';
  readonly executions: number;
  readonly blocked: number;
  /** Whether the search came to its end: every execution within its reach was seen. */
  readonly exhaustive: boolean;
  /** Of what the memory model allows; `constructible` where the search was cut off. */
  readonly reach: Reach;
  /** Whether it was cut off from outside, and not by a limit. */
  readonly interrupted: boolean;
  readonly milliseconds: number;
  /** By name of the property. */
  readonly violations: readonly ViolatedProperty[];
  /** The shortest of all; undefined where nothing is violated or the engine knows no executions. */
  readonly witness: Witness | undefined;
  /** What stands beside the verdict: of all executions seen, under `lkmm` only. */
  readonly flags: readonly Flag[];
}

/** How many executions pass between two looks at the clock: of a large scenario, each takes milliseconds. */
const CLOCK_INTERVAL = 16;

/** A limit was hit, or what was looked for is found. Unwinds the search; never leaves this file. */
class Stop extends Error {}

/** Throws a FencepostError when the scenario itself fails: `world-failed`, `path-failed`, `property-failed`… */
export function judge(
  scenario: Scenario,
  proposal: Proposal,
  model: MemoryModel,
  options: JudgeOptions = {},
): Judgement {
  const { engine = 'graph', now = () => performance.now(), supervise = undisturbed } = options;
  const world = makeWorld(scenario);
  const program = programOf(scenario, world, proposal);
  const tree = new BehaviourTree(program);
  const watch = model.name === 'lkmm' ? new FlagWatch() : undefined;
  const tally = new Tally(scenario, program, world.properties, options, now, watch);
  const start = now();
  let exhaustive = true;
  let interrupted = false;
  let reach: Reach = 'constructible';
  try {
    interrupted = !supervise(() => {
      const end = search(engine, tree, model, tally, options.maxStates);
      tally.executions = end.schedules ?? tally.executions;
      reach = end.reach;
    });
    exhaustive = !interrupted;
  } catch (error) {
    if (!(error instanceof Stop || error instanceof StateLimit)) throw error;
    exhaustive = false;
  }
  const violations = tally.violations({
    scenario: scenario.name,
    proposal: proposal.name,
    model: model.name,
  });
  return {
    scenario,
    proposal,
    model: model.name,
    engine,
    program,
    verdict: violations.length > 0 ? 'violated' : exhaustive ? 'safe' : 'bounded',
    expected: expectedVerdict(scenario, proposal.name, model.name),
    executions: tally.executions,
    blocked: tally.blockedOnes,
    exhaustive,
    reach,
    interrupted,
    milliseconds: now() - start,
    violations,
    witness: shortestOf(violations),
    flags: watch === undefined ? [] : flagsOf(program, watch.flagged),
  };
}

function undisturbed(search: () => void): boolean {
  search();
  return true;
}

/** What holds of one complete execution: the violations that it shows, in the order of the properties. */
export function findingsOf(
  scenario: Scenario,
  properties: readonly Property[],
  found: Found,
): readonly Violation[] {
  if (!found.complete) return found.findings();
  const findings: Violation[] = [];
  for (const property of properties) {
    const message = ask(scenario, property, found);
    if (message !== undefined) findings.push({ property: property.name, message });
  }
  return findings;
}

function ask(scenario: Scenario, property: Property, found: Found): string | undefined {
  try {
    return property.check(found);
  } catch (error) {
    throw passOn(
      error,
      'property-failed',
      `scenario «${scenario.name}»: property «${property.name}» failed instead of answering`,
    );
  }
}

/** The shortest witness of all; the first property by name when one execution violates several. */
function shortestOf(violations: readonly ViolatedProperty[]): Witness | undefined {
  let best: { readonly contender: Contender; readonly witness: Witness } | undefined;
  for (const { witness } of violations) {
    if (witness === undefined) continue;
    const contender = new Contender(witness.execution);
    if (best === undefined || contender.isShorterThan(best.contender)) best = { contender, witness };
  }
  return best?.witness;
}

interface Tallied {
  count: number;
  contender: Contender | undefined;
  message: string;
}

/** Counts what the search finds and keeps the shortest violating execution of each property. */
class Tally {
  executions = 0;
  blockedOnes = 0;
  readonly #scenario: Scenario;
  readonly #program: Program;
  readonly #properties: readonly Property[];
  readonly #options: JudgeOptions;
  readonly #now: () => number;
  readonly #deadline: number;
  readonly #watch: FlagWatch | undefined;
  readonly #violated = new Map<string, Tallied>();

  constructor(
    scenario: Scenario,
    program: Program,
    properties: readonly Property[],
    options: JudgeOptions,
    now: () => number,
    watch: FlagWatch | undefined,
  ) {
    this.#scenario = scenario;
    this.#program = program;
    this.#properties = properties;
    this.#options = options;
    this.#now = now;
    this.#watch = watch;
    this.#deadline = options.maxTime === undefined ? Infinity : now() + options.maxTime;
  }

  begin(): void {
    this.executions = 0;
    this.blockedOnes = 0;
    this.#violated.clear();
  }

  execution(found: Found): void {
    this.#tick();
    this.executions += 1;
    if (!found.complete) {
      this.#note(found, found.findings());
      return;
    }
    // Races are judged on complete executions only: in others, what would order the accesses may be missing.
    if (this.#watch !== undefined) found.watchedBy(this.#watch);
    const properties = this.#properties;
    for (let i = 0; i < properties.length; i++) {
      const message = ask(this.#scenario, properties[i], found);
      if (message !== undefined) this.#note(found, [{ property: properties[i].name, message }]);
    }
  }

  blocked(found: Found): void {
    this.#tick();
    this.blockedOnes += 1;
    this.#note(found, found.findings());
  }

  /** A step may be a candidate that all axioms judge, so that the clock is looked at after each. */
  step(): void {
    if (this.#now() >= this.#deadline) throw new Stop();
  }

  violations(key: Parameters<typeof replayId>[0]): ViolatedProperty[] {
    return [...this.#violated]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([property, { count, contender, message }]) => {
        if (contender === undefined) return { property, count, witness: undefined };
        const { execution } = contender;
        const replay = replayId(key, this.#program, execution);
        return { property, count, witness: { property, message, execution, replay } };
      });
  }

  #note(found: Found, findings: readonly Violation[]): void {
    for (const { property, message } of findings) {
      const best = this.#violated.get(property);
      if (best === undefined) {
        const contender = found.replays ? new Contender(found.execution()) : undefined;
        this.#violated.set(property, { count: 1, contender, message });
        if (this.#options.untilViolated === true) throw new Stop();
        continue;
      }
      best.count += 1;
      if (best.contender === undefined) continue;
      // Only lock acquisitions that were never granted are not recorded, at most one per thread.
      if (found.size - this.#program.threads.length > best.contender.size) continue;
      const contender = new Contender(found.execution());
      if (!contender.isShorterThan(best.contender)) continue;
      best.contender = contender;
      best.message = message;
    }
  }

  #tick(): void {
    const seen = this.executions + this.blockedOnes;
    if (seen >= (this.#options.maxExecutions ?? Infinity)) throw new Stop();
    if (seen % CLOCK_INTERVAL !== 0 || seen === 0) return;
    if (this.#now() >= this.#deadline) throw new Stop();
    this.#options.onProgress?.(this.executions, this.blockedOnes);
  }
}
