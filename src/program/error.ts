/** Where bad input stands. */
export interface Place {
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
}

/**
 * Bad input or a modelling error: a stable code, what is wrong, and what to do about it. The command
 * line prints it as one message and exits with 2; a stack trace is never shown.
 */
export class FencepostError extends Error {
  readonly code: string;
  readonly hint: string | undefined;
  readonly place: Place;
  /** The word in the input that it is about, where somebody has to know it. */
  readonly about: string | undefined;

  constructor(
    code: string,
    message: string,
    detail: Place & { readonly hint?: string; readonly about?: string } = {},
  ) {
    super(message);
    this.name = 'FencepostError';
    this.code = code;
    this.hint = detail.hint;
    this.about = detail.about;
    this.place = { file: detail.file, line: detail.line, column: detail.column };
  }
}
