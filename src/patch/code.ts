import type { Hunk, HunkLine } from './hunk.ts';

/**
 * A piece of C as one side of a hunk has it: comments gone, an expression over several lines in one piece.
 */
export interface Statement {
  readonly code: string;
  /** The function that it stands in; undefined where the hunk does not tell. */
  readonly fn: string | undefined;
  readonly lines: readonly HunkLine[];
  /** Whether the patch removes (old side) or adds (new side) a part of it. */
  readonly changed: boolean;
  /** The name of the function that it defines. */
  readonly defines?: string;
  /** The added function whose body it was taken from, for a call of which it stands. */
  readonly through?: string;
}

export type Side = 'old' | 'new';

/** An expression that is still open after this many lines has lost its end. */
const LONGEST_STATEMENT = 12;

/** What the code of a hunk is on one side of the change. */
export function statementsOf(hunk: Hunk, side: Side): Statement[] {
  const gone = side === 'old' ? 'added' : 'removed';
  const lines = hunk.lines.filter(({ kind }) => kind !== gone);
  const codes = withoutComments(lines.map(({ text }) => text));
  const statements: Statement[] = [];
  let fn = definedFunction(hunk.heading, true);
  for (let i = 0; i < lines.length; i++) {
    if (codes[i].trim() === '') continue;
    const from = i;
    let code = codes[i].trim();
    let open = openParentheses(codes[i]);
    while (open > 0 && i + 1 < lines.length && i - from < LONGEST_STATEMENT) {
      code = `${code} ${codes[++i].trim()}`;
      open += openParentheses(codes[i]);
    }
    const own = lines.slice(from, i + 1);
    const indented = /^\s/.test(codes[from]);
    const defines = indented ? undefined : definedFunction(code, false);
    fn = defines ?? fn;
    const changed = own.some(({ kind }) => kind !== 'context');
    const body = defines === undefined ? 0 : code.indexOf('{') + 1 || code.length;
    if (body > 0) statements.push({ code: code.slice(0, body), fn, lines: own, changed, defines });
    for (const piece of atSemicolons(code.slice(body)))
      statements.push({ code: piece, fn, lines: own, changed });
    const ends = code.startsWith('}') || (body > 0 && code.endsWith('}'));
    if (ends && !indented && !own[0].shifted) fn = undefined;
  }
  return statements;
}

/** Only the comments and documentation, or only the blanks, differ between the sides. */
export function sameCode(hunk: Hunk): 'comment' | 'blank' | undefined {
  const squeeze = (side: Side) =>
    statementsOf(hunk, side)
      .map(({ code }) => code.replaceAll(/\s/g, ''))
      .join('');
  if (squeeze('old') !== squeeze('new')) return undefined;
  const text = (gone: HunkLine['kind']) =>
    hunk.lines
      .filter(({ kind }) => kind !== gone)
      .map((line) => line.text.replaceAll(/\s/g, ''))
      .join('');
  return text('added') === text('removed') ? 'blank' : 'comment';
}

/** The lines with their comments blanked; string literals are emptied, for they may hold anything. */
export function withoutComments(lines: readonly string[]): string[] {
  const first = /\/\*|\*\//.exec(lines.find((line) => /\/\*|\*\//.test(line)) ?? '')?.[0];
  // A hunk may begin in the middle of a comment.
  let inside = first === '*/';
  return lines.map((line) => {
    let rest = line.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""');
    let code = '';
    if (!inside && /^\s*\*([\s/]|$)/.test(rest)) {
      // The middle of a comment whose ends the hunk does not show.
      const end = rest.indexOf('*/');
      return end < 0 ? '' : rest.slice(end + 2);
    }
    while (rest !== '') {
      const at = rest.indexOf(inside ? '*/' : '/*');
      const lineComment = inside ? -1 : rest.indexOf('//');
      if (lineComment >= 0 && (at < 0 || lineComment < at)) return code + rest.slice(0, lineComment);
      if (at < 0) return inside ? code : code + rest;
      if (!inside) code += `${rest.slice(0, at)} `;
      rest = rest.slice(at + 2);
      inside = !inside;
    }
    return code;
  });
}

const KEYWORDS = /^(if|else|for|while|do|switch|case|return|goto|sizeof|typedef|define)$/;

/**
 * The name of the function whose definition begins here: `static bool foo(struct kvm *kvm,`. A heading may
 * lack the type, which an old style puts on a line of its own.
 */
export function definedFunction(text: string, heading: boolean): string | undefined {
  const at = text.indexOf('(');
  if (at < 1 || /;\s*$/.test(text)) return undefined;
  const head = text.slice(0, at);
  if (!/^[\w\s*]+$/.test(head)) return undefined;
  const words = head.split(/[\s*]+/).filter((word) => word !== '');
  if (words.length < (heading ? 1 : 2) || words.some((word) => KEYWORDS.test(word))) return undefined;
  const name = words[words.length - 1];
  // Kernel templates: `static bool FNAME(gpte_changed)(struct kvm_vcpu *vcpu,`.
  return name === 'FNAME' ? (/^FNAME\(\w+\)/.exec(text.slice(at - 5))?.[0] ?? name) : name;
}

function openParentheses(code: string): number {
  let open = 0;
  for (const char of code) {
    if (char === '(') open++;
    // What was open before the hunk began is no business of its lines.
    else if (char === ')') open--;
  }
  return open;
}

/** `a; b;` as two statements; the semicolons of a `for` stay where they are. */
function atSemicolons(code: string): string[] {
  const pieces: string[] = [];
  let open = 0;
  let start = 0;
  for (let i = 0; i < code.length; i++) {
    if (code[i] === '(') open++;
    else if (code[i] === ')') open--;
    else if (code[i] === ';' && open <= 0) {
      pieces.push(code.slice(start, i + 1).trim());
      start = i + 1;
    }
  }
  const last = code.slice(start).trim();
  return last === '' ? pieces : [...pieces, last];
}
