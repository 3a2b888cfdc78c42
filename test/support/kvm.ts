/** Running paths on concrete memory, and what kernel functions did there, as short lines. */
import {
  defineProgram,
  runSequential,
  type Proposal,
  type SequentialOptions,
  type SequentialRun,
  type Steps,
} from 'fencepost';
import type { Kvm } from '../../models/vm/kvm.ts';
import { v6_10 } from '../../models/proposals/p01.ts';

export interface KvmRun {
  readonly run: SequentialRun;
  /** The events of a thread as `function: access == value`, locks and fences as they are spelled. */
  readonly log: (thread?: number) => readonly string[];
}

export function runKvm(
  kvm: Kvm,
  bodies: readonly (() => Steps<unknown>)[],
  proposal: Proposal = v6_10,
  options: SequentialOptions = {},
): KvmRun {
  const threads = bodies.map((body, i) => ({
    name: `CPU${i}`,
    *body(): Steps {
      yield* body();
    },
  }));
  const run = runSequential(defineProgram('test', kvm.memory, threads, proposal), options);
  return {
    run,
    log: (thread = 0) =>
      run
        .execution()
        .runs[thread].events.filter(({ label }) => label.text !== '')
        .map(({ label, value }) => {
          const at = label.loc < 0 ? undefined : kvm.memory.at(label.loc);
          const shown = at?.kind === 'location' ? ` == ${at.format?.(value) ?? value}` : '';
          return `${label.fn}: ${label.text}${shown}`;
        }),
  };
}

/** The positions of the lines that contain the texts, in the order asked for; -1 where there is none. */
export function positions(log: readonly string[], ...texts: readonly string[]): number[] {
  let from = 0;
  return texts.map((text) => {
    const at = log.findIndex((line, i) => i >= from && line.includes(text));
    if (at >= 0) from = at + 1;
    return at;
  });
}
