/** `fencepost mmu search`: every short sequence of operations, or random long ones, for each policy and world. */
import uniq from 'lodash-es/uniq.js';
import sumBy from 'lodash-es/sumBy.js';
import type { Call } from '../command.ts';
import { DEPTH_REACHED } from '../../check/search/search.ts';
import { FencepostError } from '../../program/error.ts';
import { Exit, worst } from '../exit.ts';
import type { Io } from '../io.ts';
import { grouped, Table, tableOf, type Cell } from '../table.ts';
import { loadSequential } from './load.ts';
import { policiesOf, worldsOf } from './selection.ts';
import { searchOne, type Searched } from './search-one.ts';
import { violationText } from './trace.ts';

export async function mmuSearch({ flags, io }: Call): Promise<Exit> {
  if (flags.seed !== undefined && flags.random === undefined) {
    throw new FencepostError(
      'seed-without-random',
      '--seed says where random sequences begin, and none are asked for',
      {
        hint: 'give their number by --random',
      },
    );
  }
  const known = await loadSequential();
  const policies = policiesOf(known, flags);
  const worlds = worldsOf(known, flags);
  const table = new Table([
    { title: 'policy', width: Math.max(...policies.map(({ name }) => name.length)) },
    { title: 'world', width: Math.max(...worlds.map(({ name }) => name.length)) },
    { title: 'verdict', width: 'violated'.length },
    { title: 'depth', align: 'right' },
    { title: 'states', align: 'right', width: 10 },
    { title: 'operations', align: 'right', width: 11 },
  ]);
  const all: Searched[] = [];
  let isInterrupted = false;
  for (const [policy, world] of policies.flatMap((each) => worlds.map((at) => [each, at] as const))) {
    const searched = searchOne(known, policy, world, flags, io);
    isInterrupted = searched === undefined;
    if (searched === undefined) break;
    all.push(searched);
    if (flags.json !== true) io.out(table.next(cells(searched, io)));
  }
  if (flags.json === true) {
    io.out(`${JSON.stringify({ results: all, ...(isInterrupted && { interrupted: true }) }, null, 2)}\n`);
  } else {
    io.out(`\n${rootTable(all)}`);
    for (const searched of all) io.out(explanation(searched));
    io.out(`\n${operationTable(all)}`);
    io.out(coverage(all));
  }
  const codes: Exit[] = all.map(exitOf);
  return worst(isInterrupted ? [...codes, Exit.Interrupted] : codes);
}

/** To have seen every sequence of the depth that was asked for is no failure, though it proves nothing beyond. */
function exitOf({ verdict, why }: Searched): Exit {
  if (verdict === 'violated') return Exit.Violated;
  return verdict === 'safe' || why === DEPTH_REACHED ? Exit.Holds : Exit.Inconclusive;
}

function cells({ policy, world, verdict, depth, states, operations }: Searched, io: Io): Cell[] {
  const colours = { safe: 'green', violated: 'red', bounded: 'yellow' } as const;
  return [
    { text: policy },
    { text: world },
    { text: verdict, paint: (padded) => io.paint(colours[verdict], padded) },
    { text: String(depth) },
    { text: states === undefined ? '-' : grouped(states) },
    { text: grouped(operations) },
  ];
}

/** How a policy fares with its roots, over all operations of its search. */
function rootTable(all: readonly Searched[]): string {
  const right = (title: string) => ({ title, align: 'right' }) as const;
  return tableOf(
    [
      { title: 'policy' },
      { title: 'world' },
      right('switches'),
      right('roots kept'),
      right('rebuilt'),
      right('freed'),
      right('pages built'),
      right('synced'),
      right('bytes'),
    ],
    all.map(({ policy, world, roots }) => [
      { text: policy },
      { text: world },
      ...[roots.switched, roots.kept, roots.rebuilt, roots.freed, roots.pagesBuilt, roots.pagesSynced].map(
        (n) => ({ text: grouped(n) }),
      ),
      { text: String(roots.bytes) },
    ]),
  );
}

/** What was found, or how far the search came. */
function explanation({ policy, world, verdict, states, depth, violation, trace, why }: Searched): string {
  const title = `\n${policy} in ${world}`;
  if (verdict === 'bounded') {
    const end = why === undefined || why === DEPTH_REACHED ? '' : `${why} ran out; `;
    if (states === undefined) return `${title}: ${end}nothing found in the sequences that were tried\n`;
    return `${title}: ${end}nothing found in any sequence of ${depth} operations, nothing said of longer ones\n`;
  }
  if (violation === undefined || trace === undefined) return '';
  return `${title}:\n${[...trace, `   ${violationText(violation)}`].map((line) => `  ${line}\n`).join('')}`;
}

/** How many operations of each kind were executed in each world, all policies together. */
function operationTable(all: readonly Searched[]): string {
  const worlds = uniq(all.map(({ world }) => world));
  const kinds = [...new Set(all.flatMap(({ executed }) => Object.keys(executed)))].sort();
  const count = (kind: string, of: string): number =>
    sumBy(all, ({ world, executed }) => (world === of ? (executed[kind] ?? 0) : 0));
  return tableOf(
    [{ title: 'operations executed' }, ...worlds.map((title) => ({ title, align: 'right' as const }))],
    kinds.map((kind) => [{ text: kind }, ...worlds.map((world) => ({ text: grouped(count(kind, world)) }))]),
  );
}

function coverage(all: readonly Searched[]): string {
  const functions = new Set(all.flatMap((each) => each.functions));
  const sites = new Set(all.flatMap((each) => each.sites));
  return `\npassed ${functions.size} kernel functions and ${sites.size} site options\n`;
}
