import { expressionsIn, partsOf } from './parts.ts';
import type { Expression, Initial, ProcessSyntax } from './syntax.ts';

/** Names that are locks: by their type, or because a process locks them. */
export function locksOf(
  initial: readonly Initial[],
  processes: readonly ProcessSyntax[],
): ReadonlySet<string> {
  const locks = new Set<string>();
  const byType = ({ name, type }: { readonly name: string; readonly type: string }): void => {
    if (/\bspinlock_t\b/.test(type)) locks.add(name);
  };
  initial.filter(({ thread }) => thread === undefined).forEach(byType);
  for (const { parameters, body } of processes) {
    parameters.forEach(byType);
    const known = new Set(parameters.map(({ name }) => name));
    const visit = (expression: Expression): void => {
      if (expression.kind === 'call' && expression.macro.startsWith('spin_')) {
        const [of] = expression.words;
        if (of.kind === 'name' && known.has(of.name)) locks.add(of.name);
      }
      partsOf(expression).forEach(visit);
    };
    expressionsIn(body).forEach(visit);
  }
  return locks;
}
