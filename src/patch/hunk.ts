/**
 * One line of a hunk. `text` is what stands after the sign; mail programs may have changed its blanks, so
 * nothing may rest on indentation except where `shifted` is false.
 */
export interface HunkLine {
  readonly kind: 'context' | 'added' | 'removed';
  readonly text: string;
  /** Where it stands in the mail, from 1. */
  readonly line: number;
  /** A context line that came without its leading blank: column 0 says nothing about it. */
  readonly shifted: boolean;
}

export interface Hunk {
  readonly oldStart: number;
  readonly oldCount: number;
  readonly newStart: number;
  readonly newCount: number;
  /**
   * What git wrote behind the second `@@`: the last function that begins before the hunk, cut at 80 columns.
   */
  readonly heading: string;
  readonly lines: readonly HunkLine[];
  /** Where its `@@` stands in the mail. */
  readonly line: number;
  /** How many lines the header promises that are not there, and that no damage explains. */
  readonly missing: number;
  /** Whether the missing lines can only be the three context lines at its end. */
  readonly onlyContextMissing: boolean;
}

export interface FileDiff {
  /** The path after the change, before it for a deleted file; undefined when no file header was found. */
  readonly path: string | undefined;
  /** The path before the change, when it was another one. */
  readonly oldPath: string | undefined;
  readonly change: 'modified' | 'new' | 'deleted' | 'renamed' | 'binary';
  readonly hunks: readonly Hunk[];
  readonly line: number;
}

export type DamageKind =
  | 'blanks-lost'
  | 'lines-wrapped'
  | 'counts-differ'
  | 'context-cut'
  | 'hunk-cut'
  | 'no-file-header'
  | 'diffstat-differs'
  | 'combined-diff';

/** What the mail's way did to a patch; it is reported, and the patch is read all the same. */
export interface Damage {
  readonly kind: DamageKind;
  readonly text: string;
  readonly line: number;
}

/** The diffs that belong together: one commit, or one proposal within a discussion. */
export interface Patch {
  /** How many `>` stand before its lines; 0 for a patch that is not quoted. */
  readonly depth: number;
  readonly files: readonly FileDiff[];
  readonly damage: readonly Damage[];
  readonly line: number;
}
