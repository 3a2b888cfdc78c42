import type { Site } from '../program/site.ts';
import { type Statement, sameCode, statementsOf } from './code.ts';
import { type Helpers, helpersOf, inlineHelpers } from './helper.ts';
import type { FileDiff, Hunk } from './hunk.ts';
import type { SiteRule } from './rule.ts';
import { optionOf, ownStatements, placedStatements } from './rule-reading.ts';

/** A changed line that a mapping rests on. */
export interface Evidence {
  readonly line: number;
  readonly sign: '+' | '-';
  readonly text: string;
  /** The added or removed function that the line is the body of; its call stands in the site's function. */
  readonly through: string | undefined;
}

/** A site that a patch changes. */
export interface SiteChange {
  readonly site: Site;
  /** The kernel function that it was found in, as the patch spells it. */
  readonly fn: string;
  /** What the removed code shows; undefined when it shows nothing. */
  readonly from: string | undefined;
  readonly to: string;
  /** `to` is known only from what is gone: code added elsewhere in the patch has the last word. */
  readonly byAbsence: boolean;
  readonly evidence: readonly Evidence[];
}

export type UnmappedKind =
  | 'comment'
  | 'blanks'
  | 'documentation'
  | 'helper'
  | 'no-site'
  | 'no-rule'
  | 'no-option';

/** What could not be mapped, and why. */
export interface Unmapped {
  readonly kind: UnmappedKind;
  readonly reason: string;
  readonly line: number;
}

/** A hunk and what it changes. `unmapped` stands beside changes when only a part of the hunk is known. */
export interface HunkMapping {
  readonly hunk: Hunk;
  /** The kernel functions whose code it changes. */
  readonly functions: readonly string[];
  readonly changes: readonly SiteChange[];
  readonly unmapped: Unmapped | undefined;
}

export interface FileMapping extends Omit<FileDiff, 'hunks'> {
  readonly hunks: readonly HunkMapping[];
}

interface PatchCode {
  readonly removed: Helpers;
  readonly added: Helpers;
}

const DOCUMENTATION = /^Documentation\/|\.(rst|txt|md)$/;

/** Holds every hunk of a patch against the rules. */
export function mapPatch(files: readonly FileDiff[], rules: readonly SiteRule[]): FileMapping[] {
  const hunks = files.flatMap((file) => file.hunks);
  const known = new Set(rules.flatMap(({ functions }) => functions));
  const helpers = { removed: helpersOf(hunks, 'old', known), added: helpersOf(hunks, 'new', known) };
  return files.map((file) => ({
    ...file,
    hunks: file.hunks.map((hunk) => mapHunk(hunk, file.path, helpers, rules)),
  }));
}

function mapHunk(
  hunk: Hunk,
  path: string | undefined,
  helpers: PatchCode,
  rules: readonly SiteRule[],
): HunkMapping {
  const before = inlineHelpers(statementsOf(hunk, 'old'), helpers.removed);
  const after = inlineHelpers(statementsOf(hunk, 'new'), helpers.added);
  const functions = changedFunctions(before, after);
  const unmapped = (kind: UnmappedKind, reason: string, line = hunk.line): HunkMapping => ({
    hunk,
    functions,
    changes: [],
    unmapped: { kind, reason, line },
  });
  if (path !== undefined && DOCUMENTATION.test(path)) return unmapped('documentation', 'documentation only');
  const same = sameCode(hunk);
  if (same === 'comment') return unmapped('comment', 'comment or documentation only');
  if (same === 'blank') return unmapped('blanks', 'blanks only');

  const readings = rules
    .map((rule) => applyRule(rule, before, after))
    .filter((reading) => reading !== undefined);
  const changes = readings.flatMap(({ change }) => (change === undefined ? [] : [change]));
  const leftover = readings.map((reading) => reading.unmapped).find((found) => found !== undefined);
  const nameless = leftover ?? strayClaim(rules, before, after);
  if (changes.length > 0 || nameless !== undefined) return { hunk, functions, changes, unmapped: nameless };

  const helper = [...helpers.added.keys(), ...helpers.removed.keys()].find((name) =>
    functions.includes(name),
  );
  const first = hunk.lines.find(({ kind, text }) => kind !== 'context' && text.trim() !== '');
  if (helper !== undefined && functions.length === 1) {
    const verb = helpers.added.has(helper) ? 'adds' : 'removes';
    return unmapped('helper', `${verb} ${helper}(), which counts where it is called`, first?.line);
  }
  if (readings.length === 0) {
    const where = functions.length === 0 ? '' : ` (${functions.join(', ')})`;
    return unmapped('no-site', `touches no modelled site${where}`, first?.line);
  }
  const sign = first?.kind === 'removed' ? '-' : '+';
  return unmapped('no-rule', `no rule matches: ${sign}${first?.text.trim() ?? ''}`, first?.line);
}

interface RuleReading {
  readonly change: SiteChange | undefined;
  readonly unmapped: Unmapped | undefined;
}

/** What a rule finds in a hunk; undefined when the hunk changes nothing in the rule's functions. */
function applyRule(
  rule: SiteRule,
  before: readonly Statement[],
  after: readonly Statement[],
): RuleReading | undefined {
  const old = ownStatements(rule, before);
  const now = ownStatements(rule, after);
  if (![...old, ...now].some(({ changed }) => changed)) return undefined;
  const was = optionOf(rule, old);
  const is = optionOf(rule, now);
  if (was.option === is.option) return { change: undefined, unmapped: undefined };
  const evidence = evidenceOf(was.matched, is.matched, [...old, ...now]);
  if (is.option === undefined) {
    const reason = `site ${rule.site.name}: ${was.option} is gone, and no option describes what is left`;
    return { change: undefined, unmapped: { kind: 'no-option', reason, line: evidence[0].line } };
  }
  const change: SiteChange = {
    site: rule.site,
    fn: [...now, ...old].find(({ fn }) => fn !== undefined)?.fn ?? rule.functions[0],
    from: was.matched.length > 0 ? was.option : undefined,
    to: is.option,
    byAbsence: is.matched.length === 0,
    evidence,
  };
  return { change, unmapped: undefined };
}

/** A changed statement that a rule claims and that no option of any rule describes. */
function strayClaim(
  rules: readonly SiteRule[],
  before: readonly Statement[],
  after: readonly Statement[],
): Unmapped | undefined {
  for (const rule of rules) {
    const { claims, site } = rule;
    if (claims === undefined) continue;
    const described = rules
      .filter(({ functions }) => functions.some((fn) => rule.functions.includes(fn)))
      .flatMap(({ options }) => options.flatMap(({ code }) => code));
    for (const [sign, statements] of [
      ['+', after],
      ['-', before],
    ] as const) {
      const stray = placedStatements(rule, ownStatements(rule, statements)).find(
        ({ changed, code }) =>
          changed && claims.test(code) && !described.some((pattern) => pattern.test(code)),
      );
      if (stray === undefined) continue;
      const reason = `site ${site.name} has no option for ${sign}${stray.code} (it has ${site.options.join(', ')})`;
      return { kind: 'no-option', reason, line: changedLine(stray) };
    }
  }
  return undefined;
}

function changedLine({ lines }: Statement): number {
  return (lines.find(({ kind }) => kind !== 'context') ?? lines[0]).line;
}

/** The changed lines among those that showed the options; when only their place changed, all that moved. */
function evidenceOf(
  old: readonly Statement[],
  now: readonly Statement[],
  all: readonly Statement[],
): Evidence[] {
  const shown = [...old, ...now].filter(({ changed }) => changed);
  const found = (shown.length > 0 ? shown : all).flatMap(({ lines, through }) =>
    lines.flatMap(({ kind, line, text }): Evidence[] =>
      kind === 'context' ? [] : [{ line, sign: kind === 'added' ? '+' : '-', text: text.trim(), through }],
    ),
  );
  return found.filter(({ line }, i) => found.findIndex((other) => other.line === line) === i);
}

function changedFunctions(before: readonly Statement[], after: readonly Statement[]): string[] {
  const names = [...before, ...after].flatMap(({ changed, fn }) => (changed && fn !== undefined ? [fn] : []));
  return [...new Set(names)];
}
