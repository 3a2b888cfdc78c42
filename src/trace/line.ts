/**
 * Greedy wrapping for narrow columns: between words, else after `(`, `,`, `.` and `->` as kernel code breaks,
 * else between the words of an identifier.
 */

/** A space that does not end a line unless it must; written as a space. */
export const NBSP = '\u00a0';

const SOFT_BREAK = /(?<=->|[(,.\u00a0])/;
/** For a name that is longer than a line. */
const NAME_BREAK = /(?<=_)(?=[^_])/;

/**
 * Lines of at most `width` characters; those after the first are indented by `indent`. Runs of two
 * spaces inside a line are kept, at its ends they go.
 */
export function wrap(text: string, width: number, indent = 0): string[] {
  const lines: string[] = [];
  const pad = ' '.repeat(Math.min(indent, Math.max(0, width - 1)));
  let line = '';
  const room = (): number => width - line.length;
  const flush = (): void => {
    lines.push(line.replaceAll(NBSP, ' ').trimEnd());
    line = pad;
  };
  for (const word of text.split(/(?<= )(?=[^ ])/)) {
    const length = word.trimEnd().length;
    if (length <= room()) {
      line += word;
    } else if (length <= width - pad.length) {
      flush();
      line += word;
    } else {
      for (const piece of pieces(word, width - pad.length)) {
        if (piece.trimEnd().length > room()) flush();
        line += piece;
      }
    }
  }
  flush();
  return lines;
}

/** Parts of a word that is too long for a line, none of them longer than `width`. */
function pieces(word: string, width: number): string[] {
  const fits = (part: string): boolean => part.trimEnd().length <= width;
  return word
    .split(SOFT_BREAK)
    .flatMap((part) => (fits(part) ? [part] : part.split(NAME_BREAK)))
    .flatMap((part) => {
      if (fits(part)) return [part];
      const cut: string[] = [];
      for (let rest = part; rest !== ''; rest = rest.slice(width)) cut.push(rest.slice(0, width));
      return cut;
    });
}
