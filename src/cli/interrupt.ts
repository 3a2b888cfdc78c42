/**
 * Ctrl-C during a search. A search is one long call that never gives way to the event loop, so a listener on
 * the process would not be heard before it ends; `node:vm` can end a call from outside.
 */
import { createContext, Script } from 'node:vm';

const SCRIPT = new Script('work()');
let context: { work: () => void } | undefined;

/**
 * Does the work and says whether it came to its end; false when Ctrl-C has cut it off, wherever it was. The
 * process lives on, and the next Ctrl-C ends it as always.
 */
export function supervised(work: () => void): boolean {
  context ??= createContext({ work }) as { work: () => void };
  context.work = work;
  try {
    SCRIPT.runInContext(context, { breakOnSigint: true, displayErrors: false });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException | undefined)?.code === 'ERR_SCRIPT_EXECUTION_INTERRUPTED')
      return false;
    throw error;
  }
}
