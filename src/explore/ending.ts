import type { Ending } from '../program/execution.ts';
import { Status, type Behaviour } from '../program/tree.ts';

/** How a thread ends that goes no further than this node: where an event is left, it waits for ever. */
export function endingAt(node: Behaviour): Ending {
  switch (node.status) {
    case Status.End:
      return { status: 'end' };
    case Status.Dropped:
      return { status: 'dropped' };
    case Status.Violation:
      return { status: 'violation', ...node.violation };
    case Status.Event:
    case Status.Waiting:
      return { status: 'waiting', for: node.label.text };
  }
}
