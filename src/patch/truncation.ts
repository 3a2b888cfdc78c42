import { FencepostError } from '../program/error.ts';
import type { Damage, FileDiff } from './hunk.ts';
import { isSignature } from './hunk-reader.ts';
import type { Message } from './mail.ts';
import type { DiffReading } from './unified-diff.ts';

/** The notes on a patch, with its cut hunks. Throws `truncated-patch` where the mail itself is cut. */
export function judgeEnds(
  { patch, bareFile, brokenHeader, filesPromised }: DiffReading,
  message: Message,
  file: string,
): Damage[] {
  const damage = [...patch.damage];
  const hunks = patch.files.flatMap((diff) => diff.hunks);
  for (const hunk of hunks) {
    if (hunk.missing === 0) continue;
    const lastLine = hunk.lines.at(-1)?.line ?? hunk.line;
    const lines = `${hunk.missing} ${hunk.missing === 1 ? 'line' : 'lines'}`;
    if (hunk === hunks.at(-1) && !textFollows(message, lastLine)) {
      throw truncated(
        `the patch ends in the middle of a hunk: ${lines} of it are missing (it begins at line ${hunk.line})`,
        file,
        lastLine,
      );
    }
    damage.push({
      kind: hunk.onlyContextMissing ? 'context-cut' : 'hunk-cut',
      text: `${lines} ${hunk.onlyContextMissing ? 'of context at the end ' : ''}of the hunk at line ${hunk.line} are missing`,
      line: lastLine,
    });
  }
  if (bareFile !== undefined && !textFollows(message, bareFile.line)) {
    throw truncated(`the patch ends before the first hunk of ${name(bareFile)}`, file, bareFile.line);
  }
  if (brokenHeader !== undefined) {
    if (!textFollows(message, brokenHeader)) {
      throw truncated('the patch ends in the middle of a line «@@ …»', file, brokenHeader);
    }
    damage.push({ kind: 'hunk-cut', text: 'a line «@@ …» is broken, its hunk is lost', line: brokenHeader });
  }
  const last = hunks.at(-1)?.lines.at(-1)?.line ?? patch.line;
  if (
    patch.depth === 0 &&
    filesPromised !== undefined &&
    filesPromised > patch.files.length &&
    !textFollows(message, last)
  ) {
    const message = `the diffstat names ${filesPromised} files, the patch ends after ${patch.files.length}`;
    throw truncated(message, file, last);
  }
  return damage.sort((a, b) => a.line - b.line);
}

const name = ({ path }: FileDiff): string => path ?? 'a file';

function truncated(message: string, file: string, line: number): FencepostError {
  return new FencepostError('truncated-patch', message, {
    file,
    line,
    hint: 'save the whole mail again (lore.kernel.org has it under «raw»)',
  });
}

/** Whether anything but trailers and a signature stands behind a line, at any quote depth. */
function textFollows({ lines }: Message, line: number): boolean {
  const rest = lines
    .filter((later) => later.line > line)
    .map((later) => ({
      ...later,
      text: later.text.replace(/^[> ]*>/, '').replace(/^ (?=--)/, ''),
      gap: 'none' as const,
      rejoined: 0,
    }));
  for (const [i, { text }] of rest.entries()) {
    if (isSignature(rest, i, true)) return false;
    if (text.trim() !== '' && !TRAILING.test(text.trim())) return true;
  }
  return false;
}

/** What ends a patch without being a part of it, and the headers of a file without hunks. */
const TRAILING =
  /^(base-commit: |prerequisite-|\\ No newline|index |--- |\+\+\+ |(new|old|deleted) |(rename|copy) |(dis)?similarity )/;
