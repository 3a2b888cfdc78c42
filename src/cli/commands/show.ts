import { BUILT_IN_PROPERTIES } from '../../check/property.ts';
import { expectedVerdict, type Scenario } from '../../check/scenario.ts';
import { makeWorld } from '../../check/world.ts';
import { memoryModels } from '../../memory/models.ts';
import { FencepostError } from '../../program/error.ts';
import type { Call } from '../command.ts';
import { Exit } from '../exit.ts';
import type { Io } from '../io.ts';
import { selectScenarios } from '../selection.ts';
import { pathsOf, type PathOfThread } from '../show/paths.ts';
import { tableOf, wrapped } from '../table.ts';

/** What no scenario has to state. */
const OF_EVERY_SCENARIO = [
  ...Object.entries(BUILT_IN_PROPERTIES).map(([name, doc]) => `${name}: ${doc} (of every scenario)`),
  'of every scenario also what the paths themselves say cannot be, such as no-use-after-free where a page is read that ' +
    'belongs to somebody else',
];

/** `fencepost show`. */
export async function show(call: Call): Promise<Exit> {
  const { io, flags } = call;
  const scenarios = await selectScenarios(call);
  if (scenarios.length !== 1) {
    throw new FencepostError('one-scenario', `show takes one scenario, not ${scenarios.length}`, {
      hint: '`fencepost list` shows their names',
    });
  }
  const [scenario] = scenarios;
  const paths = pathsOf(scenario);
  if (flags.json === true) io.out(`${JSON.stringify(jsonOf(scenario, paths), null, 2)}\n`);
  else io.out(textOf(scenario, paths, io));
  return Exit.Holds;
}

function jsonOf(scenario: Scenario, paths: readonly PathOfThread[]): unknown {
  const { name, question, doc, sources, expectations, tier = 'default' } = scenario;
  const { protocols = [], bugs = [], mutants = [], equivalents = [] } = scenario;
  const properties = makeWorld(scenario).properties.map((property) => ({
    name: property.name,
    doc: property.doc,
  }));
  const proposals = scenario.proposals.map((proposal) => ({ name: proposal.name, doc: proposal.doc }));
  const sites = scenario.sites.map((site) => ({ name: site.name, doc: site.doc, options: site.options }));
  const what = { name, question, doc, tier, protocols, bugs, paths, properties, sites, sources };
  return { ...what, proposals, expectations, mutants, equivalents };
}

function textOf(scenario: Scenario, paths: readonly PathOfThread[], io: Io): string {
  const { protocols = [], bugs = [], mutants = [], equivalents = [] } = scenario;
  const head = (title: string): string => `\n${io.paint('bold', title)}\n`;
  const list = (title: string, items: readonly string[]): string =>
    items.length === 0 ? '' : head(title) + items.map((item) => wrapped(item, 96, '    ')).join('');
  const { properties } = makeWorld(scenario);
  return [
    `${io.paint('bold', scenario.name)}\n`,
    wrapped(scenario.question, 96, '    '),
    head('WORLD'),
    wrapped(scenario.doc, 96, '    '),
    head('PATHS'),
    ...paths.map(pathText),
    list('PROPERTIES', [...properties.map(({ name, doc }) => `${name}: ${doc}`), ...OF_EVERY_SCENARIO]),
    list(
      'SITES',
      scenario.sites.map(({ name, doc, options }) => `${name}: ${doc} (${options.join(' | ')})`),
    ),
    list(
      'PROPOSALS',
      scenario.proposals.map(({ name, doc }) => `${name}: ${doc}`),
    ),
    list('PROTOCOLS', protocols),
    list(
      'BUGS',
      bugs.map(({ id, buggy, fixed }) => `${id}: found in ${buggy}, absent in ${fixed}`),
    ),
    list('SOURCES', scenario.sources),
    head('EXPECTATIONS'),
    expectationTable(scenario),
    ...scenario.expectations.map(
      ({ proposals, because }) =>
        `\n${wrapped(`${proposals.join(', ')}:`, 96)}${wrapped(because, 96, '    ')}`,
    ),
    list('MUTANTS THAT IT CATCHES', mutants),
    list('EQUIVALENT MUTANTS THAT x86-tso MUST NOT FLAG', equivalents),
    head('BOUNDS'),
    wrapped(
      `«safe» is said of every execution of these ${paths.length} threads in this world, each of which does what ` +
        'is listed above once; of other worlds and longer programs it says nothing.',
      96,
      '    ',
    ),
  ].join('');
}

function pathText({ thread, functions }: PathOfThread): string {
  const lines = functions.map(({ name, sites }) =>
    wrapped(sites.length === 0 ? `${name}()` : `${name}() at ${sites.join(', ')}`, 96, '        '),
  );
  return `    ${thread}\n${lines.join('')}`;
}

function expectationTable(scenario: Scenario): string {
  const models = memoryModels.map(({ name }) => name);
  const rows = scenario.proposals.map(({ name }) =>
    [name, ...models.map((model) => expectedVerdict(scenario, name, model))].map((text) => ({ text })),
  );
  return tableOf([{ title: 'proposal' }, ...models.map((title) => ({ title }))], rows);
}
