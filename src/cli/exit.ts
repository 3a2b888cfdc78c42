/** Exit codes (DESIGN.md 8). */
export const Exit = {
  Holds: 0,
  /** Violated, or regressed, against the expectation. */
  Violated: 1,
  /** Wrong usage or bad input. */
  BadInput: 2,
  /** A bound was hit before every execution was seen. */
  Inconclusive: 3,
  Internal: 4,
  /** Ctrl-C: what was known by then has been printed. */
  Interrupted: 130,
} as const;
export type Exit = (typeof Exit)[keyof typeof Exit];

/** A violation outweighs an unfinished search, Ctrl-C whatever was found. */
const WORST_FIRST = [Exit.Interrupted, Exit.Internal, Exit.Violated, Exit.BadInput, Exit.Inconclusive];

/** The worst of several outcomes; of none that everything holds. */
export function worst(codes: readonly Exit[]): Exit {
  return WORST_FIRST.find((code) => codes.includes(code)) ?? Exit.Holds;
}
