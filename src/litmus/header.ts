/** The head of a litmus test, which all dialects share: `ARCH name`, comments, and information. */
import { skipBlanks } from './lexer.ts';
import type { Source } from './source.ts';

export interface Header {
  readonly arch: string;
  readonly name: string;
  readonly info: ReadonlyMap<string, string>;
  /** Offset of the brace that opens the initial section. */
  readonly end: number;
}

const RESULT = /\bResult:[ \t]*([^\n]*?)[ \t]*(?:\*\)|\*\/|\n|$)/;
const INFO = /([A-Za-z_][A-Za-z0-9_.-]*)[ \t]*=[ \t]*([^\n]*)/y;

/** The first word of the file, which names the dialect; undefined in an empty file. */
export function dialectOf(source: Source): { readonly word: string; readonly offset: number } | undefined {
  const offset = skipBlanks(source, source.text.startsWith('\uFEFF') ? 1 : 0, true);
  const word = /^[^\s({"]+/.exec(source.text.slice(offset, offset + 100));
  return word === null ? undefined : { word: word[0], offset };
}

export function parseHeader(source: Source): Header {
  const { text } = source;
  const first = dialectOf(source);
  if (first === undefined)
    throw source.error(
      'litmus-syntax',
      'a litmus test begins with its dialect and its name',
      0,
      'such as «C my-test»',
    );
  let offset = first.offset + first.word.length;
  const name = /[ \t]+([^\s({]+)/y;
  name.lastIndex = offset;
  const named = name.exec(text);
  if (named === null)
    throw source.error('litmus-syntax', 'the test has no name', offset, 'such as «C my-test»');
  offset = name.lastIndex;

  const info = new Map<string, string>();
  for (;;) {
    offset = skipBlanks(source, offset, true);
    if (text[offset] === '{') break;
    offset = text[offset] === '"' ? afterString(source, offset) : infoLine(source, offset, info);
  }
  const result = RESULT.exec(text);
  if (result !== null) info.set('Result', result[1].trim());
  return { arch: first.word, name: named[1].replace(/\.litmus$/, ''), info, end: offset };
}

function afterString(source: Source, from: number): number {
  const end = source.text.indexOf('"', from + 1);
  if (end < 0) throw source.error('litmus-syntax', 'this string is never closed', from);
  return end + 1;
}

function infoLine(source: Source, from: number, info: Map<string, string>): number {
  INFO.lastIndex = from;
  const found = INFO.exec(source.text);
  // herd7 takes no notice of other lines; nor do we, if they are words.
  const words = found === null ? /^\w[^\n{]*/.exec(source.text.slice(from, from + 1000)) : null;
  if (words !== null) return from + words[0].length;
  if (found === null) {
    const what = from >= source.text.length ? 'the file ends before its initial section' : 'expected «{»';
    throw source.error(
      'litmus-syntax',
      what,
      from,
      'the head holds comments, "strings" and lines «Key=value»',
    );
  }
  info.set(found[1], found[2].trim());
  return from + found[0].length;
}
