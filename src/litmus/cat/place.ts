/** Places in `.cat` files, and the errors that name them. */
import { FencepostError } from '../../program/error.ts';

export interface CatPlace {
  readonly file: string;
  /** Both from 1. */
  readonly line: number;
  readonly column: number;
}

/**
 * What is wrong with a `.cat` file:
 *
 *   cat-syntax  it cannot be read             cat-name   a name that nothing defines
 *   cat-type    an operator on wrong operands  cat-limit  nesting, recursion or work without end
 *   cat-file    a file that is not there       cat-choice a choice that is neither rf nor co
 */
export type CatErrorCode = 'cat-syntax' | 'cat-name' | 'cat-type' | 'cat-limit' | 'cat-file' | 'cat-choice';

export function catError(
  code: CatErrorCode,
  message: string,
  place: CatPlace,
  hint?: string,
): FencepostError {
  return new FencepostError(code, message, { ...place, hint });
}
