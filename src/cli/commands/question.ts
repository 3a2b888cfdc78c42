import sumBy from 'lodash-es/sumBy.js';
import type { Judgement } from '../../check/run.ts';
import type { Scenario } from '../../check/scenario.ts';
import { memoryModels } from '../../memory/models.ts';
import type { Proposal } from '../../program/site.ts';
import type { Call } from '../command.ts';
import { Exit, worst } from '../exit.ts';
import type { Flags } from '../flags.ts';
import { exitOf, isAsExpected, judgeAll } from '../judging.ts';
import type { Io } from '../io.ts';
import { byName } from '../nearest.ts';
import { counterexamples, hasWitness } from '../race.ts';
import { grouped, Table } from '../table.ts';

/** What `fencepost` answers when nobody asks anything else, and which counterexample it shows. */
export const FOUNDING = {
  scenario: 'emulated-write-vs-first-fault',
  proposal: 'v6.3',
  model: 'x86-tso',
} as const;

const QUESTION = `\
kvm_mmu_track_write() skips all work while indirect_shadow_pages is 0. Can an
emulated guest write miss the page fault that is just creating the first shadow
page of the written page table, so that an SPTE made from the old guest PTE
survives for ever?
`;

const NEXT = `\
Where to go next:
  fencepost list                      the scenarios, and --proposals, --models, --sites
  fencepost check                     judge them all against what is expected
  fencepost check SCENARIO --trace    with counterexamples
  fencepost patch mail.txt            judge the patches in a mail
  fencepost check my-scenario.ts      a scenario of your own; fencepost --help says more
`;

/** The founding question, answered: the table of verdicts and the counterexample. */
export async function question({ io, flags, catalogue }: Call): Promise<Exit> {
  const { scenarios } = await catalogue();
  const scenario = byName('scenario', scenarios, ({ name }) => name, FOUNDING.scenario);
  io.out(`${QUESTION}\n`);
  const proposals = scenario.proposals.filter(({ name }) => !isMutation(name));
  const judgements = matrix(scenario, proposals, flags, io);
  const executions = sumBy(judgements, 'executions');
  if (judgements.some(({ interrupted }) => interrupted)) {
    io.out(`\ninterrupted after ${grouped(executions)} executions: the table is not complete.\n`);
    return Exit.Interrupted;
  }
  const surprises = judgements.filter((judgement) => !isAsExpected(judgement));
  io.out(
    `\n${grouped(executions)} executions, each explored once and none left out;\n` +
      `${surprises.length === 0 ? 'every verdict is as expected' : `${surprises.length} ${surprises.length === 1 ? 'verdict is' : 'verdicts are'} not as expected`}.\n`,
  );
  const asked = judgements.filter(
    ({ proposal, model }) => proposal.name === FOUNDING.proposal && model === FOUNDING.model,
  );
  const wanted = [...asked, ...surprises.filter((each) => !asked.includes(each))];
  for (const text of counterexamples(io, wanted.filter(hasWitness))) io.out(`\n${text}`);
  io.out(`\n${NEXT}`);
  return worst(judgements.map(exitOf));
}

/**
 * Mutations show that a scenario catches what it should; they are nobody's proposal (`v6.10-once/no-reread`).
 */
function isMutation(name: string): boolean {
  return name.includes('/');
}

/** A row for each proposal, a column for each memory model; rows are printed as they become known. */
function matrix(scenario: Scenario, proposals: readonly Proposal[], flags: Flags, io: Io): Judgement[] {
  const table = new Table([
    { title: 'proposal', width: Math.max(...proposals.map(({ name }) => name.length)) },
    ...memoryModels.map(({ name }) => ({ title: name, width: 'violated'.length + 1 })),
  ]);
  const all: Judgement[] = [];
  for (const proposal of proposals) {
    const tasks = memoryModels.map((model) => ({ scenario, proposal, model }));
    const judgements = [...judgeAll(tasks, flags, io)];
    const cells = judgements.map((judgement) => {
      const { verdict } = judgement;
      // A star marks what contradicts the expectation.
      const text = isAsExpected(judgement) || verdict === 'bounded' ? verdict : `${verdict}*`;
      return { text, paint: (padded: string) => io.paint(verdict === 'safe' ? 'green' : 'red', padded) };
    });
    const unknown = tasks.slice(cells.length).map(() => ({ text: '-' }));
    io.out(table.next([{ text: proposal.name }, ...cells, ...unknown]));
    all.push(...judgements);
    if (judgements.some(({ interrupted }) => interrupted)) break;
  }
  return all;
}
