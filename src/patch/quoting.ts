import type { MailLine } from './mail.ts';

/** A line of one quote depth, without the quote marks. */
export interface LevelLine extends MailLine {
  /** What stands between it and the line before: nothing, only lines quoted less deeply, or deeper ones. */
  readonly gap: 'none' | 'reply' | 'deeper';
  /** The lines that a mail program broke off from this one, outside the quote; they are part of `text`. */
  readonly rejoined: number;
}

/** All lines of a mail that are quoted equally deeply: whatever is quoted at one depth is one text. */
export interface QuoteLevel {
  readonly depth: number;
  readonly lines: readonly LevelLine[];
}

interface Quoted extends MailLine {
  readonly depth: number;
  /** Where the quote marks end. */
  readonly start: number;
  readonly rejoined: number;
}

/**
 * A mail taken apart by quote depth, deepest first. `> >` and `>>` count alike. A long quoted line whose
 * end the mail program put on a line of its own, without marks, is put together again.
 */
export function quoteLevels(lines: readonly MailLine[]): QuoteLevel[] {
  const quoted = rejoin(lines.map(unquote));
  const byDepth = new Map<number, LevelLine[]>();
  const bare = new Set(quoted.filter(marksEndAtDiff).map(({ depth }) => depth));
  // The extremes of depth that were seen since each level's last line.
  let lastDepth = -1;
  const since = new Map<number, 'none' | 'reply' | 'deeper'>();
  for (const { text, line, depth, start, rejoined } of quoted) {
    if (depth !== lastDepth) {
      for (const level of byDepth.keys()) {
        if (level < depth) since.set(level, 'deeper');
        else if (level > depth && since.get(level) !== 'deeper') since.set(level, 'reply');
      }
      lastDepth = depth;
    }
    const content = text.slice(depth > 0 && !bare.has(depth) && text[start] === ' ' ? start + 1 : start);
    const level = byDepth.get(depth) ?? [];
    level.push({ text: content, line, gap: since.get(depth) ?? 'none', rejoined });
    byDepth.set(depth, level);
    since.set(depth, 'none');
  }
  return [...byDepth].map(([depth, level]) => ({ depth, lines: level })).sort((a, b) => b.depth - a.depth);
}

function unquote({ text, line }: MailLine): Quoted {
  let depth = 0;
  let start = 0;
  while (text[start] === '>' || (depth > 0 && text[start] === ' ' && text[start + 1] === '>')) {
    start += text[start] === '>' ? 1 : 2;
    depth++;
  }
  return { text, line, depth, start, rejoined: 0 };
}

/** Some mail programs put no blank behind the mark: the patch's own header lines show it. */
function marksEndAtDiff({ text, depth, start }: Quoted): boolean {
  return depth > 0 && /^(diff --git |@@ -\d|\+\+\+ )/.test(text.slice(start, start + 11));
}

function rejoin(lines: readonly Quoted[]): Quoted[] {
  const joined: Quoted[] = [];
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i];
    const before = joined.at(-1);
    const after = lines[i + 1];
    const brokenOff =
      before !== undefined &&
      after !== undefined &&
      line.depth < before.depth &&
      after.depth === before.depth &&
      wasWrapped(before.text, line.text.slice(line.start));
    if (brokenOff) {
      const text = `${before.text} ${line.text.slice(line.start).trim()}`;
      joined[joined.length - 1] = { ...before, text, rejoined: before.rejoined + 1 };
    } else {
      joined.push(line);
    }
  }
  return joined;
}

/** The widths at which mail programs break lines. */
const NARROWEST = 64;
const WIDEST = 80;

/** Whether a mail program may have broken one line into these two: the next word did not fit any more. */
export function wasWrapped(before: string, after: string): boolean {
  const word = /^\s*(\S+)/.exec(after);
  return word !== null && before.length <= WIDEST && before.length + 1 + word[1].length > NARROWEST;
}
