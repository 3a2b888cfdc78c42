import { canJudge } from '../../check/engine.ts';
import { flagText } from '../../check/flags.ts';
import type { Judgement } from '../../check/run.ts';
import { memoryModels } from '../../memory/models.ts';
import { FencepostError } from '../../program/error.ts';
import type { Call } from '../command.ts';
import { worst, type Exit } from '../exit.ts';
import type { Flags } from '../flags.ts';
import type { Io } from '../io.ts';
import { exitOf, isAsExpected, judgeAll, type Task } from '../judging.ts';
import { counterexamples, diagram, hasWitness } from '../race.ts';
import { depthText, footnote, verdictText } from '../reach.ts';
import { rowOf } from '../row.ts';
import { selectProposals, selectScenarios } from '../selection.ts';
import { grouped, Table, type Cell } from '../table.ts';

/** `fencepost check`. */
export async function check(call: Call): Promise<Exit> {
  const { flags, io } = call;
  const tasks = tasksOf(selectProposals(await selectScenarios(call), flags.proposal), flags);
  if (tasks.length === 0) {
    throw new FencepostError('nothing-to-check', 'there is no scenario to check');
  }
  const verdicts = judgeAll(tasks, flags, io);
  const judgements = flags.json === true ? [...verdicts] : printed(verdicts, tasks, flags, io);
  if (flags.json === true) {
    const trace = flags.trace === true ? plainDiagram : undefined;
    const results = judgements.map((judgement) => rowOf(judgement, trace));
    const interrupted = judgements.some((each) => each.interrupted);
    io.out(`${JSON.stringify({ results, ...(interrupted && { interrupted }) }, null, 2)}\n`);
  }
  return worst(judgements.map(exitOf));
}

function tasksOf(selected: ReturnType<typeof selectProposals>, flags: Flags): Task[] {
  const { engine = 'graph' } = flags;
  // All models means all that the engine knows; asking for another one by name is an error.
  const models = memoryModels.filter((model) => flags.model?.includes(model) ?? canJudge(engine, model.name));
  return selected.flatMap(({ scenario, proposals }) =>
    proposals.flatMap((proposal) => models.map((model) => ({ scenario, proposal, model }))),
  );
}

/** Prints each verdict as it comes, then the counterexamples. */
function printed(verdicts: Iterable<Judgement>, tasks: readonly Task[], flags: Flags, io: Io): Judgement[] {
  const widest = (texts: readonly string[]): number => Math.max(...texts.map(({ length }) => length));
  const table = new Table([
    { title: 'scenario', width: widest(tasks.map(({ scenario }) => scenario.name)) },
    { title: 'proposal', width: widest(tasks.map(({ proposal }) => proposal.name)) },
    { title: 'memory model', width: widest(tasks.map(({ model }) => model.name)) },
    { title: 'verdict', width: 8 },
    { title: 'expected', width: 8 },
    // Schedules are many more than executions.
    { title: 'executions', align: 'right', width: flags.engine === 'interleave' ? 24 : 11 },
    { title: 'time', align: 'right', width: 8 },
  ]);
  const judgements: Judgement[] = [];
  for (const judgement of verdicts) {
    io.out(table.next(cellsOf(judgement, io)));
    judgements.push(judgement);
  }
  io.out(`\n${summaryOf(judgements, tasks.length, io)}`);
  io.out(footnote(judgements));
  io.out(flagsSection(judgements, io));
  const wanted = judgements.filter((each) => flags.trace === true || !isAsExpected(each));
  for (const text of counterexamples(io, wanted.filter(hasWitness))) io.out(`\n${text}`);
  return judgements;
}

function cellsOf(judgement: Judgement, io: Io): Cell[] {
  const { scenario, proposal, model, verdict, expected, executions, milliseconds } = judgement;
  const colour = verdict === 'bounded' ? 'yellow' : isAsExpected(judgement) ? 'green' : 'red';
  return [
    { text: scenario.name },
    { text: proposal.name },
    { text: model },
    { text: verdictText(judgement), paint: (text) => io.paint(colour, text) },
    { text: expected },
    { text: `${judgement.exhaustive ? '' : '>='}${grouped(executions)}` },
    { text: `${(milliseconds / 1000).toFixed(2)} s`, paint: (text) => io.paint('dim', text) },
  ];
}

function summaryOf(judgements: readonly Judgement[], wanted: number, io: Io): string {
  const bounded = judgements.filter(({ verdict }) => verdict === 'bounded').length;
  const unfinished = judgements.filter(({ exhaustive }) => !exhaustive).length;
  const wrong = judgements.filter((each) => each.verdict !== 'bounded' && !isAsExpected(each)).length;
  const total = judgements.length;
  const parts = [
    `${total} ${total === 1 ? 'verdict' : 'verdicts'}`,
    `${total - bounded - wrong} as expected`,
  ];
  if (wrong > 0) parts.push(io.paint('red', `${wrong} not as expected`));
  if (bounded > 0) parts.push(io.paint('yellow', `${bounded} bounded`));
  const depth = judgements.some(({ interrupted }) => interrupted)
    ? io.paint('yellow', `interrupted, ${wanted - total} not begun`)
    : unfinished === 0
      ? depthText(judgements)
      : `${unfinished} ${unfinished === 1 ? 'search was' : 'searches were'} stopped by a bound`;
  return `${parts.join(', ')}; ${depth}.\n`;
}

/** What stands beside the verdicts: one line for each pair of accesses, behind the proposals that have it. */
function flagsSection(judgements: readonly Judgement[], io: Io): string {
  const blocks = new Map<string, Map<string, string[]>>();
  for (const { scenario, proposal, model, flags } of judgements) {
    if (flags.length === 0) continue;
    const head = `${scenario.name}, ${model}`;
    const block = blocks.get(head) ?? new Map<string, string[]>();
    blocks.set(head, block);
    for (const flag of flags)
      block.set(flagText(flag), [...(block.get(flagText(flag)) ?? []), proposal.name]);
  }
  if (blocks.size === 0) return '';
  const lines = [...blocks].flatMap(([head, block]) => [
    head,
    ...[...block].map(([text, proposals]) => `  ${proposals.join(', ')}: ${text}`),
  ]);
  return `\n${io.paint('bold', 'FLAGS')}\n${lines.join('\n')}\n`;
}

function plainDiagram({ program, model, witness }: Judgement): string {
  return witness === undefined ? '' : diagram(program, model, witness);
}
