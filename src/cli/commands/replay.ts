import { ExecutionFound } from '../../check/found.ts';
import { findingsOf } from '../../check/run.ts';
import { expectedVerdict } from '../../check/scenario.ts';
import { makeWorld, programOf } from '../../check/world.ts';
import { parseReplayId, replay as replayed } from '../../explore/replay.ts';
import { exportCore } from '../../litmus/export.ts';
import { memoryModels } from '../../memory/models.ts';
import { FencepostError } from '../../program/error.ts';
import { BehaviourTree } from '../../program/tree.ts';
import type { Call } from '../command.ts';
import { Exit } from '../exit.ts';
import { byName } from '../nearest.ts';
import { proposalNamed } from '../proposal.ts';
import { counterexample, diagram } from '../race.ts';
import { selectScenarios } from '../selection.ts';

/** `fencepost replay`. */
export async function replay(call: Call): Promise<Exit> {
  const { io, flags } = call;
  if (flags.json === true && flags.litmus === true)
    throw new FencepostError('two-outputs', 'both --json and --litmus say what is printed');
  const [text, ...files] = call.words;
  const id = parseReplayId(text);
  const scenarios = await selectScenarios({ ...call, words: files });
  const scenario = byName('scenario', scenarios, ({ name }) => name, id.scenario);
  const proposal = proposalNamed(scenario.proposals, scenario.sites, id.proposal);
  const model = byName('memory model', memoryModels, ({ name }) => name, id.model);

  const world = makeWorld(scenario);
  const program = programOf(scenario, world, proposal);
  const tree = new BehaviourTree(program);
  const execution = replayed(id, tree, model);
  if (flags.litmus === true) {
    // Redirected to a file: whether something is violated is then asked of the test.
    io.out(exportCore(program, execution));
    return Exit.Holds;
  }
  const findings = findingsOf(
    scenario,
    world.properties,
    new ExecutionFound(program, tree.states, execution),
  );
  const expected = expectedVerdict(scenario, proposal.name, model.name);

  if (flags.json === true) {
    const violations = findings.map(({ property, message }) => ({
      property,
      message,
      trace: diagram(program, model.name, { property, message, execution }),
    }));
    const names = { scenario: scenario.name, proposal: proposal.name, model: model.name };
    io.out(`${JSON.stringify({ replay: id.text, ...names, expected, violations }, null, 2)}\n`);
  } else if (findings.length === 0) {
    io.out(`${scenario.name} · ${proposal.name} · ${model.name}: this execution violates nothing.\n`);
  } else {
    const [first, ...more] = findings;
    const witness = { ...first, execution, replay: id.text };
    io.out(counterexample(io, { scenario, proposal, program, model: model.name, witness }));
    for (const { property, message } of more) io.out(`\nalso violated: ${property}: ${message}\n`);
    io.out(`\nviolated: ${first.property} (expected of ${proposal.name} under ${model.name}: ${expected})\n`);
  }
  return findings.length === 0 || expected === 'violated' ? Exit.Holds : Exit.Violated;
}
