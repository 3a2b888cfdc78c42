import type { Judgement } from '../../check/run.ts';
import type { Scenario } from '../../check/scenario.ts';
import type { PatchReading, PatchReport } from '../../patch/report.ts';
import { Exit } from '../exit.ts';
import type { Colour, Io } from '../io.ts';
import type { Comparison, JudgedPatch, Outcome } from './judge.ts';
import { counterexample, hasWitness } from '../race.ts';
import { depthText, footnote, verdictText } from '../reach.ts';
import { rowOf } from '../row.ts';
import { tableOf, wrapped, type Cell } from '../table.ts';

const COLOURS: Readonly<Record<Outcome, Colour>> = {
  regressed: 'red',
  'still violated': 'red',
  fixed: 'green',
  'still safe': 'green',
  unknown: 'yellow',
};

/** What a patch means for the exit code: hunks at a site that nobody understood leave it open. */
export function exitOfPatch({ reading, comparisons, interrupted }: JudgedPatch): Exit {
  if (interrupted) return Exit.Interrupted;
  if (comparisons.some(({ after }) => after.verdict === 'violated')) return Exit.Violated;
  const open = reading.incomplete || hunksOf(reading).some(({ unmapped }) => isOpen(unmapped?.kind));
  return open || comparisons.some(({ outcome }) => outcome === 'unknown') ? Exit.Inconclusive : Exit.Holds;
}

function isOpen(kind: string | undefined): boolean {
  return kind === 'no-rule' || kind === 'no-option';
}

function hunksOf({ files }: PatchReading) {
  return files.flatMap(({ path, hunks }) => hunks.map((hunk) => ({ path, ...hunk })));
}

/** The patch as it was read: each hunk with its sites, or why it has none. */
export function printReading(io: Io, reading: PatchReading, number: number): void {
  // A patch without a subject of its own is called «patch 2 (quoted)».
  const title = reading.title.replace(/^patch (?=\d)/, '').replace(new RegExp(`^${number}(?= )`), '');
  const heading = title.startsWith(' ') ? `Patch ${number}${title}` : `Patch ${number}: ${title}`;
  io.out(`\n${io.paint('bold', heading)}, line ${reading.line}\n`);
  for (const { path, change, hunks, line } of reading.files) {
    const note = change === 'modified' ? '' : ` (${change})`;
    io.out(`  ${path ?? 'a file without a name'}${note}\n`);
    if (hunks.length === 0) io.out(`    line ${line}: no hunks\n`);
    for (const { hunk, functions, changes, unmapped } of hunks) {
      const where = functions.length > 0 ? `${functions.join('(), ')}()` : hunk.heading.trim();
      io.out(`    line ${hunk.line}: @@ -${hunk.oldStart} +${hunk.newStart} @@ ${where}`.trimEnd() + '\n');
      for (const { site, from, to } of changes) {
        const arrow = from === undefined ? to : `${from} -> ${to}`;
        io.out(`      ${io.paint('cyan', site.name)}: ${arrow}\n`);
      }
      if (unmapped !== undefined) io.out(`      not mapped: ${unmapped.reason} (line ${unmapped.line})\n`);
    }
  }
  for (const { text, line } of reading.damage) io.out(`  damaged: ${text} (line ${line})\n`);
}

/** The verdicts before and after. */
export function printPatch(io: Io, judged: JudgedPatch): void {
  const { reading, base, guessed, misfits, patched, comparisons, interrupted } = judged;
  io.out('\n');
  if (reading.changes.length === 0) {
    io.out('  It changes no site that fencepost models, so there is nothing to judge.\n');
    return;
  }
  const how = guessed ? ' (guessed from the code that the patch removes; --base chooses another)' : '';
  io.out(wrapped(`base: ${base.name}${how}`, 78, '  '));
  io.out(
    wrapped(patched === base ? 'with the patch: as the base' : `with the patch: ${patched.name}`, 200, '  '),
  );
  for (const { site, from } of misfits)
    io.out(`  note: the patch removes «${from}» at ${site.name}, which ${base.name} does not have there\n`);
  if (comparisons.length === 0 && interrupted) {
    io.out('  interrupted before the first comparison was made\n');
    return;
  }
  if (comparisons.length === 0) {
    io.out('  No scenario touches these sites.\n');
    return;
  }
  const old = comparisons.filter(({ before }) => isOld(ofScenario(comparisons, before.scenario)));
  const own = comparisons.filter((each) => !old.includes(each));
  if (own.length > 0) io.out(`\n${indented(verdictTable(io, own))}`);
  const summary = interrupted ? 'interrupted: not every scenario was judged' : summaryOf(comparisons);
  io.out(`\n${wrapped(`${summary}.`, 78, '  ')}`);
  const unsaid = footnote(sidesOf(comparisons));
  if (unsaid !== '') io.out(wrapped(unsaid.trimEnd(), 78, '  '));
  const violated = (list: readonly Comparison[]): Comparison | undefined =>
    list.find(({ after }) => after.verdict === 'violated');
  const worst = own.find(({ outcome }) => outcome === 'regressed') ?? violated(own) ?? violated(old);
  if (worst !== undefined && hasWitness(worst.after)) io.out(`\n${counterexample(io, worst.after)}`);
  if (old.length === 0) return;
  io.out(`\n  ${io.paint('bold', 'violated before and after: not this patch')}\n`);
  io.out(wrapped('The same property is violated without it; it neither brings nor cures that.', 78, '  '));
  io.out(`\n${indented(verdictTable(io, old))}`);
}

function ofScenario(comparisons: readonly Comparison[], scenario: Scenario): readonly Comparison[] {
  return comparisons.filter(({ before }) => before.scenario === scenario);
}

/**
 * Whether a scenario fails in the same way without the patch, under each memory model under which it fails.
 */
function isOld(comparisons: readonly Comparison[]): boolean {
  const properties = ({ violations }: Judgement): string =>
    violations.map(({ property }) => property).join(' ');
  return (
    comparisons.some(({ outcome }) => outcome === 'still violated') &&
    comparisons.every(({ before, after, outcome }) =>
      outcome === 'still violated' ? properties(before) === properties(after) : outcome === 'still safe',
    )
  );
}

function indented(table: string): string {
  return table.replace(/^(?=.)/gm, '  ');
}

function sidesOf(comparisons: readonly Comparison[]): Judgement[] {
  return comparisons.flatMap(({ before, after }) => [before, after]);
}

/** A row for each scenario, a column for each memory model: the verdict, or how it moved. */
function verdictTable(io: Io, comparisons: readonly Comparison[]): string {
  const scenarios = [...new Set(comparisons.map(({ before }) => before.scenario.name))];
  const models = [...new Set(comparisons.map(({ before }) => before.model))];
  const rows = scenarios.map((name) => [
    { text: name },
    ...comparisons
      .filter(({ before }) => before.scenario.name === name)
      .map(
        ({ before, after, outcome }): Cell => ({
          text:
            before.verdict === after.verdict
              ? verdictText(after)
              : `${verdictText(before)} -> ${verdictText(after)}`,
          paint: (text: string) => io.paint(COLOURS[outcome], text),
        }),
      ),
  ]);
  const columns = ['scenario', ...models].map((title) => ({ title }));
  // Cells are missing where the judging was interrupted.
  const whole = rows.map((row) => columns.map((_, i) => row.at(i) ?? { text: '-' }));
  return tableOf(columns, whole);
}

/** How many verdicts moved in which way, the worst first. */
function summaryOf(comparisons: readonly Comparison[]): string {
  const outcomes = Object.keys(COLOURS) as Outcome[];
  const counts = outcomes.map((outcome) => ({
    outcome,
    count: comparisons.filter((each) => each.outcome === outcome).length,
  }));
  const parts = counts.filter(({ count }) => count > 0).map(({ outcome, count }) => `${count} ${outcome}`);
  const exhaustive = comparisons.every(({ before, after }) => before.exhaustive && after.exhaustive);
  const depth = exhaustive ? depthText(sidesOf(comparisons)) : 'some searches were stopped by a bound';
  return `${parts.join(', ')}; ${depth}`;
}

/** The `--json` document. */
export function patchJson(report: PatchReport, judged: readonly JudgedPatch[]): unknown {
  return {
    file: report.file,
    subject: report.subject ?? null,
    patches: judged.map(({ reading, base, guessed, patched, comparisons, interrupted }) => ({
      title: reading.title,
      line: reading.line,
      incomplete: reading.incomplete,
      hunks: hunksOf(reading).map(({ path, hunk, functions, changes, unmapped }) => ({
        file: path ?? null,
        line: hunk.line,
        functions,
        sites: changes.map(({ site, from, to }) => ({ site: site.name, from: from ?? null, to })),
        unmapped: unmapped === undefined ? null : { kind: unmapped.kind, reason: unmapped.reason },
      })),
      base: base.name,
      baseGuessed: guessed,
      patched: patched.name,
      ...(interrupted && { interrupted }),
      results: comparisons.map(({ before, after, outcome }) => ({
        scenario: before.scenario.name,
        model: before.model,
        before: before.verdict,
        after: after.verdict,
        outcome,
        exhaustive: before.exhaustive && after.exhaustive,
        reach: { before: before.reach, after: after.reach },
        witness: rowOf(after).witness,
      })),
    })),
  };
}
