import { Kind, looksAtLock } from '../memory/event.ts';
import { FencepostError } from './error.ts';
import type { Program } from './program.ts';
import type { Behaviour } from './tree.ts';

/**
 * The explorer keeps events across revisits of reads that they do not depend on, so what depends on a
 * read must be declared. A new node is held against the nodes that differ from it in one earlier value.
 */
export function checkDeclared(program: Program, node: Behaviour): void {
  const path: number[] = [];
  for (let child = node, read = node.parent; read !== undefined; child = read, read = read.parent) {
    if (read.label.kind === Kind.Read || looksAtLock(read.label.kind)) {
      for (let i = 0; i < read.keys.length; i++) {
        if (read.keys[i] === child.key) continue;
        const twin = follow(read.children[i], path);
        if (twin !== undefined) compare(program, node, twin, read);
      }
    }
    path.push(child.key);
  }
}

/** The node that the same later values lead to, if it has been built. `path` is innermost first. */
function follow(from: Behaviour, path: readonly number[]): Behaviour | undefined {
  let node: Behaviour | undefined = from;
  for (let i = path.length - 1; i >= 0 && node !== undefined; i--) {
    const index: number = node.keys.indexOf(path[i]);
    node = index < 0 ? undefined : node.children[index];
  }
  return node;
}

function compare(program: Program, node: Behaviour, twin: Behaviour, read: Behaviour): void {
  const a = node.label;
  const b = twin.label;
  const isWriteHalf = read.label.rmw && node.at === read.at + 1;
  if (isWriteHalf || a.ctrl.includes(read.at) || b.ctrl.includes(read.at)) return;
  const sameShape =
    node.status === twin.status &&
    a.kind === b.kind &&
    a.mark === b.mark &&
    a.fence === b.fence &&
    a.rmw === b.rmw;
  const addr = a.addr.includes(read.at) || b.addr.includes(read.at);
  const data = a.data.includes(read.at) || b.data.includes(read.at);
  const isUnlock = a.kind === Kind.Unlock && b.kind === Kind.Unlock;
  if (
    sameShape &&
    (a.loc === b.loc || addr) &&
    (a.value === b.value || data || addr || isUnlock) &&
    (a.expected === b.expected || data)
  ) {
    return;
  }
  throw new FencepostError(
    'undeclared-dependency',
    `${program.threads[node.thread].name}: «${a.text || 'the end'}» depends on the value of «${read.label.text}», which is not declared`,
    {
      hint: 'declare it: branch(read) for a decision, { data: [read] } for a stored value, { addr: [read] } for an address',
    },
  );
}
