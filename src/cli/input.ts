import { readFileSync } from 'node:fs';
import { FencepostError } from '../program/error.ts';

export const STANDARD_INPUT = 0;

/**
 * The text of a file that the user has named; `shown` is how. Throws `no-such-file`, also for a folder, whose message
 * ends with `hint`, and `unreadable-file`.
 */
export function readInput(path: string | typeof STANDARD_INPUT, shown: string, hint?: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw new FencepostError('no-such-file', 'there is no such file', { file: shown });
    if (code === 'EISDIR')
      throw new FencepostError('no-such-file', 'this is a folder, not a file', { file: shown, hint });
    // What follows the comma is the path, in another form than the user's.
    throw new FencepostError('unreadable-file', message.replace(/,.*/s, ''), { file: shown });
  }
}
