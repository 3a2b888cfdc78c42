/** Why no scenario catches some mutants of the paths. */
export interface Explanation {
  readonly because: string;
  /** By name: `drop account_shadowed: smp_mb()`. */
  readonly mutants: readonly string[];
}
