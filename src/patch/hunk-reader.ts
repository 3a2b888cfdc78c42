import type { Damage, DamageKind, Hunk, HunkLine } from './hunk.ts';
import { type LevelLine, wasWrapped } from './quoting.ts';

/*
 * A hunk is first read as the format wants it. If that fails, its lines are read as what mail programs
 * and archives make of them: leading blanks gone, long lines broken. The counts of the header decide which
 * reading is right; where none fits, the hunk ends where something else begins, and a note says so.
 */

export interface HunkReading {
  readonly hunk: Hunk;
  readonly damage: readonly Damage[];
  /** The index of the first line that does not belong to it. */
  readonly next: number;
}

/** What the `@@` line says. */
type Head = Pick<Hunk, 'oldStart' | 'oldCount' | 'newStart' | 'newCount' | 'heading'>;

interface Attempt {
  readonly lines: readonly HunkLine[];
  readonly oldLeft: number;
  readonly newLeft: number;
  readonly next: number;
  /** Lines that were put together again, and where the first of them is. */
  readonly wrapped: number;
  readonly wrappedAt: number;
  /** Of the header, with the rest of it when that was broken. */
  readonly heading: string;
}

const HUNK_HEADER = /^@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@ ?(.*)$/;

export function isHunkHeader(text: string): boolean {
  return HUNK_HEADER.test(text);
}

/** Reads the hunk whose `@@` line is `lines[at]`. */
export function readHunk(lines: readonly LevelLine[], at: number): HunkReading {
  const head = headOf(lines[at].text);
  const attempt = readLines(lines, at, head);
  const { oldLeft, newLeft } = attempt;
  const damage: Damage[] = [];
  const note = (kind: DamageKind, text: string, line = lines[at].line) => damage.push({ kind, text, line });
  const lost = attempt.lines.filter(({ shifted }) => shifted);
  if (lost.length > 0) note('blanks-lost', 'context lines without their leading blank', lost[0].line);
  const rejoined = lines.slice(at, attempt.next).find((line) => line.rejoined > 0)?.line;
  const wrappedAt = attempt.wrapped > 0 ? attempt.wrappedAt : rejoined;
  if (wrappedAt !== undefined) note('lines-wrapped', 'broken lines, put together again', wrappedAt);
  const { missing, onlyContextMissing } = missingLines(
    attempt,
    swallowedLines(lines, at, attempt),
    damage.length > 0,
  );
  if (missing === 0 && (oldLeft !== 0 || newLeft !== 0)) {
    const found = `${head.oldCount - oldLeft} old and ${head.newCount - newLeft} new lines`;
    note('counts-differ', `the hunk has ${found}, its header says ${head.oldCount} and ${head.newCount}`);
  }
  const { lines: read, heading } = attempt;
  return {
    hunk: { ...head, heading, lines: read, line: lines[at].line, missing, onlyContextMissing },
    damage,
    next: attempt.next,
  };
}

function headOf(text: string): Head {
  const [, oldStart, oldCount = '1', newStart, newCount = '1', heading] = HUNK_HEADER.exec(text) ?? [];
  return {
    oldStart: Number(oldStart),
    oldCount: Number(oldCount),
    newStart: Number(newStart),
    newCount: Number(newCount),
    heading,
  };
}

/** Who answers within a quote often deletes the empty line where the answer goes. */
function swallowedLines(lines: readonly LevelLine[], at: number, { next }: Attempt): number {
  return lines.slice(at + 1, next).filter(({ gap }) => gap === 'reply').length;
}

/** How many lines are gone without excuse: in a damaged hunk, empty context lines may be. */
function missingLines({ lines, oldLeft, newLeft }: Attempt, swallowed: number, damaged: boolean) {
  const missing = Math.max(oldLeft, newLeft, 0);
  const last = lines.at(-1);
  const trailing = lines.length - 1 - lines.findLastIndex(({ kind }) => kind !== 'context');
  // Archives cut empty lines off the end of a mail.
  const cutOff = last?.kind === 'context' && last.text.trim() !== '' && trailing < CONTEXT ? 1 : 0;
  const balanced = oldLeft === newLeft;
  if (damaged && balanced && missing <= swallowed + cutOff) return { missing: 0, onlyContextMissing: false };
  const whole = trailing + missing;
  return { missing, onlyContextMissing: balanced && whole >= CONTEXT && whole <= CONTEXT + swallowed };
}

/** How many unchanged lines a hunk has at its end. */
const CONTEXT = 3;

function readStrictly(lines: readonly LevelLine[], at: number, head: Head): Attempt | undefined {
  const found: HunkLine[] = [];
  let { oldCount: oldLeft, newCount: newLeft } = head;
  let next = at + 1;
  while (oldLeft > 0 || newLeft > 0) {
    const line = lines[next];
    if (line === undefined || line.gap === 'deeper' || isSignature(lines, next)) return undefined;
    const read = readLine(line);
    next++;
    if (read === undefined) continue;
    if (read.shifted && line.text !== '') return undefined;
    if (read.kind !== 'added') oldLeft--;
    if (read.kind !== 'removed') newLeft--;
    if (oldLeft < 0 || newLeft < 0) return undefined;
    found.push(read);
  }
  return { lines: found, oldLeft, newLeft, next, wrapped: 0, wrappedAt: 0, heading: head.heading };
}

/** Undefined for `\ No newline at end of file`. */
function readLine({ text, line }: LevelLine): HunkLine | undefined {
  switch (text[0]) {
    case '+':
      return { kind: 'added', text: text.slice(1), line, shifted: false };
    case '-':
      return { kind: 'removed', text: text.slice(1), line, shifted: false };
    case ' ':
      return { kind: 'context', text: text.slice(1), line, shifted: false };
    case '\\':
      return /^\\ \S/.test(text) ? undefined : { kind: 'context', text, line, shifted: true };
    default:
      return { kind: 'context', text, line, shifted: true };
  }
}

function readLines(lines: readonly LevelLine[], at: number, head: Head): Attempt {
  const strict = readStrictly(lines, at, head);
  if (strict !== undefined) return extend(lines, strict, 0);
  for (const join of ['none', 'changed', 'all'] as const) {
    const attempt = readLeniently(lines, at, head, join);
    if (fits(lines, attempt)) return attempt;
  }
  return extend(lines, readLeniently(lines, at, head, 'none'), FARTHEST_CHANGE);
}

/** Where the counts are of no use, a changed line that is nearer than this still belongs to the hunk. */
const FARTHEST_CHANGE = 6;

/** Whether the counts come out, and what follows is not more of the same hunk. */
function fits(lines: readonly LevelLine[], { oldLeft, newLeft, next }: Attempt): boolean {
  if (oldLeft !== 0 || newLeft !== 0) return false;
  return next >= lines.length || lines[next].text.trim() === '' || endsHunk(lines, next);
}

function readLeniently(
  lines: readonly LevelLine[],
  at: number,
  head: Head,
  join: 'none' | 'changed' | 'all',
): Attempt {
  const found: HunkLine[] = [];
  let { oldCount: oldLeft, newCount: newLeft, heading } = head;
  let next = at + 1;
  let [wrapped, wrappedAt] = [0, 0];
  let intact = 0;
  for (; next < lines.length && !endsHunk(lines, next); next++) {
    const line = lines[next];
    const read = readLine(line);
    if (read === undefined) continue;
    const broken = read.shifted && line.text !== '' && wasWrapped(lines[next - 1].text, line.text);
    if (broken && (join === 'all' || (join === 'changed' && /^[-+@]/.test(lines[next - 1].text)))) {
      const before = found.pop();
      const text = line.text.trim();
      if (before === undefined) heading = `${heading} ${text}`;
      else found.push({ ...before, text: `${before.text} ${text}` });
      if (wrapped++ === 0) wrappedAt = line.line;
      continue;
    }
    if (oldLeft <= 0 && newLeft <= 0) break;
    // Where the other context lines kept their blank, a line that has none and is no code is the mail's text.
    if (read.shifted && intact > 1 && !broken && /[A-Za-z]/.test(line.text) && !/[;{}()#:*/]/.test(line.text))
      break;
    if (read.kind === 'context' && !read.shifted) intact++;
    if (read.kind !== 'added') oldLeft--;
    if (read.kind !== 'removed') newLeft--;
    found.push(read);
  }
  return { lines: found, oldLeft, newLeft, next, wrapped, wrappedAt, heading };
}

/** Changed lines right behind the last counted one belong to the hunk, whatever its header says. */
function extend(lines: readonly LevelLine[], attempt: Attempt, farthest: number): Attempt {
  const found = [...attempt.lines];
  let { oldLeft, newLeft, next } = attempt;
  let skipped: HunkLine[] = [];
  for (let i = next; i < lines.length && lines[i].gap === 'none' && !endsHunk(lines, i); i++) {
    if (lines[i].text === '---') break;
    const read = readLine(lines[i]);
    if (read === undefined) continue;
    skipped.push(read);
    if (read.kind === 'context') {
      if (skipped.length > farthest) break;
      continue;
    }
    found.push(...skipped);
    oldLeft -= skipped.filter(({ kind }) => kind !== 'added').length;
    newLeft -= skipped.filter(({ kind }) => kind !== 'removed').length;
    skipped = [];
    next = i + 1;
  }
  return { ...attempt, lines: found, oldLeft, newLeft, next };
}

/** Whether something begins that cannot be part of a hunk. */
function endsHunk(lines: readonly LevelLine[], at: number): boolean {
  const { text, gap } = lines[at];
  return (
    gap === 'deeper' ||
    /^(diff --git |diff --cc |Index: |base-commit: [0-9a-f]{12}|prerequisite-patch-id: |@@@? -\d)/.test(
      text,
    ) ||
    isFileHeader(lines, at) ||
    isSignature(lines, at, true)
  );
}

/** `--- a/file` with `+++ b/file` behind it. */
export function isFileHeader(lines: readonly LevelLine[], at: number): boolean {
  return /^--- \S/.test(lines[at].text) && /^\+\+\+ \S/.test(lines[at + 1]?.text ?? '');
}

/** The `-- ` above git's version, or above whatever a mail ends with. */
export function isSignature(lines: readonly LevelLine[], at: number, atEnd = false): boolean {
  if (!/^-- ?$/.test(lines[at].text)) return false;
  const following = lines[at + 1]?.text ?? '';
  if (/^\d+\.\d+(\.[\w.-]+)?( \(.*\))?$/.test(following)) return true;
  return atEnd && !/^(@@ |[-+ ])/.test(following);
}
