import { FencepostError } from '../program/error.ts';
import { Exit } from './exit.ts';
import type { Io } from './io.ts';

/** Prints bad input as one message; everything else is our own fault and comes with its stack. */
export function reportError(error: unknown, io: Io): Exit {
  if (error instanceof FencepostError) {
    io.err(`${errorText(error)}\n`);
    return Exit.BadInput;
  }
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  io.err(`fencepost: internal error, please report it:\n${detail}\n`);
  return Exit.Internal;
}

/** `file:line: message [code]`, and what to do about it on the next line. */
export function errorText(error: FencepostError): string {
  const { file, line, column } = error.place;
  const where = [file, line, column].filter((part) => part !== undefined).join(':');
  const message = `fencepost: ${where === '' ? '' : `${where}: `}${error.message} [${error.code}]`;
  return error.hint === undefined ? message : `${message}\n  hint: ${error.hint}`;
}
