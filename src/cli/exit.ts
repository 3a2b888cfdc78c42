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

/** The worst of several outcomes: a violation outweighs an unfinished search, Ctrl-C whatever was found. */
export function worst(codes: readonly Exit[]): Exit {
  if (codes.includes(Exit.Interrupted)) return Exit.Interrupted;
  if (codes.includes(Exit.Violated)) return Exit.Violated;
  return codes.includes(Exit.Inconclusive) ? Exit.Inconclusive : Exit.Holds;
}
