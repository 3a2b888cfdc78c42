/** A token of a litmus test in C syntax, or of the final section of any dialect. */
export type TokenKind = 'word' | 'number' | 'string' | 'sign' | 'end';

export interface Token {
  readonly kind: TokenKind;
  /** As written; a string without its quotes; empty at the end of the file. */
  readonly text: string;
  readonly offset: number;
}

export function tokenText(token: Token): string {
  if (token.kind === 'end') return 'the end of the file';
  return token.kind === 'string' ? `"${token.text}"` : `«${token.text}»`;
}

/** Signs of C and of conditions, the longest first. */
export const SIGNS = [
  '<<=',
  '>>=',
  '/\\',
  '\\/',
  '=>',
  '==',
  '!=',
  '<=',
  '>=',
  '&&',
  '||',
  '<<',
  '>>',
  '++',
  '--',
  '+=',
  '-=',
  '*=',
  '/=',
  '%=',
  '&=',
  '|=',
  '^=',
  '->',
  ...'(){}[];,:=<>+-*/%&|^~!?.',
] as const;
