import { FencepostError } from '../program/error.ts';
import { choiceAt, deriveProposal, type Proposal } from '../program/site.ts';
import type { SiteChange } from './mapping.ts';

/**
 * The changes of all hunks, one for each site and option. What code shows outdoes what only follows from
 * the absence of code in another hunk.
 */
export function mergeChanges(changes: readonly SiteChange[]): SiteChange[] {
  const merged: SiteChange[] = [];
  for (const change of changes) {
    const { site, to, byAbsence, evidence } = change;
    const at = merged.findIndex(
      (other) => other.site.name === site.name && (other.to === to || other.byAbsence || byAbsence),
    );
    if (at < 0) {
      merged.push(change);
      continue;
    }
    const other = merged[at];
    const stronger = other.byAbsence && !byAbsence ? change : other;
    merged[at] = {
      ...stronger,
      from: other.from ?? change.from,
      evidence: [...other.evidence, ...evidence],
    };
  }
  return merged;
}

/**
 * `base` with the options that a patch chooses. Throws `conflicting-changes` when the patch gives one site
 * two options.
 */
export function changedProposal(
  base: Proposal,
  changes: readonly SiteChange[],
  name = `${base.name}+patch`,
): Proposal {
  const choices = new Map<string, SiteChange>();
  for (const change of mergeChanges(changes)) {
    const other = choices.get(change.site.name);
    if (other !== undefined) {
      throw new FencepostError(
        'conflicting-changes',
        `the patch chooses both «${other.to}» and «${change.to}» at site «${change.site.name}»`,
        { line: change.evidence[0]?.line, hint: 'check the two changes one by one' },
      );
    }
    choices.set(change.site.name, change);
  }
  const picked = [...choices.values()].map(({ site, to }): [string, string] => [site.name, to]);
  const doc = `${base.name} with ${picked.length === 0 ? 'no modelled change' : picked.map(([site, to]) => `${site} = ${to}`).join(', ')}`;
  return deriveProposal(base, name, doc, Object.fromEntries(picked));
}

/** The changes whose removed code is not what `base` has there: the patch was made for another version. */
export function disagreements(base: Proposal, changes: readonly SiteChange[]): SiteChange[] {
  return changes.filter(({ site, from }) => from !== undefined && from !== choiceAt(base, site));
}
