/** `fencepost list --protocols`: what the catalogue covers, and why it does not cover the rest. */
import { bugCoverage, protocolCoverage } from '../../check/coverage.ts';
import { memoryModels } from '../../memory/models.ts';
import type { Catalogue } from '../catalogue.ts';
import { Exit } from '../exit.ts';
import type { Flags } from '../flags.ts';
import type { Io } from '../io.ts';
import { tableOf } from '../table.ts';

export function listProtocols(
  { scenarios, protocols, bugs }: Catalogue,
  words: readonly string[],
  { json }: Flags,
  io: Io,
): Exit {
  const models = memoryModels.map(({ name }) => name);
  const isWanted = ({ id, title }: { id: string; title: string }): boolean =>
    words.every((word) => `${id} ${title}`.toLowerCase().includes(word.toLowerCase()));
  const ofProtocols = protocols.filter(isWanted).map((entry) => protocolCoverage(entry, scenarios, models));
  const ofBugs = bugs.filter(isWanted).map((entry) => bugCoverage(entry, scenarios, models));
  if (json === true) {
    io.out(`${JSON.stringify({ protocols: ofProtocols, bugs: ofBugs }, null, 2)}\n`);
    return Exit.Holds;
  }
  const protocolColumns = ['id', 'protocol', 'scenarios', 'mutants caught', 'equivalents', 'why not'];
  const protocolRows = ofProtocols.map(({ entry, ...coverage }) => [
    entry.id,
    entry.title,
    String(coverage.scenarios.length),
    share(coverage.caught.length, coverage.missed.length),
    share(coverage.unflagged.length, coverage.flagged.length),
    entry.because ?? '',
  ]);
  const bugColumns = ['id', 'bug', 'found in -> absent in', 'why not'];
  const bugRows = ofBugs.map(({ entry, pairs }) => [
    entry.id,
    entry.title,
    pairs.join('; ') || '-',
    entry.because ?? '',
  ]);
  io.out(`${table(protocolColumns, protocolRows)}\n${table(bugColumns, bugRows)}`);
  return Exit.Holds;
}

/** `3/3`, or a dash where there is nothing to count. */
function share(good: number, bad: number): string {
  return good + bad === 0 ? '-' : `${good}/${good + bad}`;
}

function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  return tableOf(
    titles.map((title) => ({ title })),
    rows.map((cells) => cells.map((text) => ({ text }))),
  );
}
