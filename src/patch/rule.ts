import { FencepostError } from '../program/error.ts';
import type { Site } from '../program/site.ts';

/** How the kernel's code looks when a site has taken an option. */
export interface OptionPattern {
  readonly option: string;
  /** Statements that must be there, in this order; comments and string contents are never matched. */
  readonly code: readonly RegExp[];
  /** Statements that must not be there. */
  readonly without?: RegExp;
}

/**
 * How a hunk shows which option a site has: data, given by whoever knows the code; the mechanism is in
 * mapping.ts. Both sides of a hunk are held against the rule, so that it serves a patch and its reverse.
 */
export interface SiteRule {
  readonly site: Site;
  /** The kernel functions that hold the site, under every name they have had. */
  readonly functions: readonly string[];
  /** Code that stands in no other function: it tells where a hunk is whose header does not. */
  readonly landmarks?: readonly RegExp[];
  /**
   * The part of the function that the site is about; all of it, if omitted. A statement is inside if the
   * nearest such line above it is in `below`, or, with none above, the nearest underneath is in `above`.
   */
  readonly place?: { readonly below: readonly RegExp[]; readonly above: readonly RegExp[] };
  /** The first that fits decides. */
  readonly options: readonly OptionPattern[];
  /** The option when none fits (a fence that is gone); omitted where the absence of all says nothing. */
  readonly otherwise?: string;
  /** Code that concerns this site whatever it is: what no option describes is named, not passed over. */
  readonly claims?: RegExp;
  readonly doc: string;
}

/** Checks a rule against its site. Throws `unknown-option` when it names an option that the site lacks. */
export function defineSiteRule(rule: SiteRule): SiteRule {
  const named = [
    ...rule.options.map(({ option }) => option),
    ...(rule.otherwise === undefined ? [] : [rule.otherwise]),
  ];
  const unknown = named.find((option) => !rule.site.options.includes(option));
  if (unknown !== undefined) {
    throw new FencepostError(
      'unknown-option',
      `a patch rule names «${unknown}» at site «${rule.site.name}»`,
      { hint: `options: ${rule.site.options.join(', ')}` },
    );
  }
  return rule;
}
