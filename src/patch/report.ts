import { FencepostError } from '../program/error.ts';
import { mergeChanges } from './changed-proposal.ts';
import type { Damage, Patch } from './hunk.ts';
import { type Message, readMessages } from './mail.ts';
import { type FileMapping, mapPatch, type SiteChange } from './mapping.ts';
import { quoteLevels } from './quoting.ts';
import type { SiteRule } from './rule.ts';
import { judgeEnds } from './truncation.ts';
import { readPatches } from './unified-diff.ts';

/** One patch of a mail, and what it means for the sites. */
export interface PatchReading {
  /** The subject of a `[PATCH]` mail, else `patch 2 (unquoted)`. */
  readonly title: string;
  readonly depth: number;
  readonly line: number;
  readonly files: readonly FileMapping[];
  /** The changes of all its hunks together. */
  readonly changes: readonly SiteChange[];
  readonly damage: readonly Damage[];
  /** A hunk is cut, or the diffstat has more than the mail: what else the patch changes is not known. */
  readonly incomplete: boolean;
}

/** What `fencepost patch FILE` found in a mail. */
export interface PatchReport {
  readonly file: string;
  /** Of the first mail, in an mbox of several. */
  readonly subject: string | undefined;
  readonly from: string | undefined;
  readonly date: string | undefined;
  readonly patches: readonly PatchReading[];
}

/**
 * Finds every unified diff in a mail, an mbox or a bare diff, quoted or not, and maps its hunks to sites.
 * `file` is for messages only.
 *
 * Throws `not-text` for a binary file, `no-patch` when there is no diff in it, `truncated-patch` when the
 * text ends within a hunk or before the last file of the diffstat.
 */
export function readMail(text: string, file: string, rules: readonly SiteRule[]): PatchReport {
  const messages = readMessages(text, file);
  const patches = messages.flatMap((message) => readMessage(message, file));
  if (patches.length === 0) throw noPatch(messages, file);
  const readings = patches.map(({ patch, subject, incomplete }, i): PatchReading => {
    const files = mapPatch(patch.files, rules);
    return {
      title:
        subject ?? `patch ${i + 1} (${patch.depth === 0 ? 'unquoted' : `quoted at depth ${patch.depth}`})`,
      depth: patch.depth,
      line: patch.line,
      files,
      changes: mergeChanges(files.flatMap(({ hunks }) => hunks.flatMap(({ changes }) => changes))),
      damage: patch.damage,
      incomplete,
    };
  });
  const { subject, from, date } = messages[0];
  return { file, subject, from, date, patches: readings };
}

interface Titled {
  readonly patch: Patch;
  /** The subject, when it is this patch's. */
  readonly subject: string | undefined;
  readonly incomplete: boolean;
}

function readMessage(message: Message, file: string): Titled[] {
  const readings = quoteLevels(message.lines)
    .flatMap((level) => readPatches(level))
    .sort((a, b) => a.patch.line - b.patch.line);
  const own = /^\s*\[[^\]]*\bPATCH\b/i.test(message.subject ?? '')
    ? readings.find(({ patch }) => patch.depth === 0)
    : undefined;
  return readings.map((reading) => {
    const patch = { ...reading.patch, damage: judgeEnds(reading, message, file) };
    return {
      patch,
      subject: reading === own ? message.subject : undefined,
      incomplete: reading.lessThanPromised || patch.damage.some(({ kind }) => kind === 'hunk-cut'),
    };
  });
}

function noPatch(messages: readonly Message[], file: string): FencepostError {
  const lines = messages.flatMap((message) => message.lines);
  const changed = lines.find(({ text }) => /^[> ]*[-+][ \t]*[A-Za-z_}(].*[;{}()]/.test(text));
  return new FencepostError('no-patch', 'no patch in this mail: no line «@@ -1,2 +1,2 @@» begins a hunk', {
    file,
    line: changed?.line,
    hint:
      changed === undefined
        ? 'give it a mail with a unified diff in it, or the diff itself (git diff, git format-patch)'
        : 'lines with - and + stand here, but without file and hunk headers nobody can tell where they belong; give it the mail with the patch',
  });
}
