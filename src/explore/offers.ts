/** What a thread's path reads from others and stores for them, as `location=value`. */
import { isReadKind } from '../memory/event.ts';
import { foundHeld } from '../program/execution.ts';
import { isStore, type ThreadPath } from './thread-paths.ts';

/** What a path cannot do without: values that it reads and that are not initial. */
export function needsOf(path: ThreadPath, initial: (loc: number) => number): ReadonlySet<string> {
  const read = path.events.filter(
    (event) => isReadKind(event.label.kind) && !foundHeld(event) && event.value !== initial(event.label.loc),
  );
  return new Set(read.map(({ label, value }) => `${label.loc}=${value}`));
}

export function offersOf(path: ThreadPath): ReadonlySet<string> {
  return new Set(path.events.filter(isStore).map(({ label, value }) => `${label.loc}=${value}`));
}
