/** Small programs of nothing but relaxed accesses: they are weak more often than others. */
import fc from 'fast-check';
import { Memory } from '../../src/program/location.ts';
import type { Steps } from '../../src/program/operation.ts';
import { readOnce, writeOnce } from '../../src/program/operations.ts';
import { defineProgram, type Program } from '../../src/program/program.ts';

interface Access {
  readonly loc: number;
  readonly writes: boolean;
}

const LOCATIONS = 3;
const access: fc.Arbitrary<Access> = fc.record({ loc: fc.nat(LOCATIONS - 1), writes: fc.boolean() });
const thread = fc.array(access, { minLength: 2, maxLength: 3 });

export type BareProgram = readonly (readonly Access[])[];

export const bareProgram: fc.Arbitrary<BareProgram> = fc.array(thread, { minLength: 2, maxLength: 3 });

/** Each write stores another value. */
export function programOfAccesses(threads: BareProgram): Program {
  const memory = new Memory();
  const at = Array.from({ length: LOCATIONS }, (_, i) => memory.location(`x${i}`));
  const bodies = threads.map((accesses, t) => ({
    name: `P${t}`,
    *body(): Steps {
      for (const [i, { loc, writes }] of accesses.entries()) {
        if (writes) yield* writeOnce(at[loc], 10 * t + i + 1);
        else yield* readOnce(at[loc]);
      }
    },
  }));
  return defineProgram('bare', memory, bodies);
}
