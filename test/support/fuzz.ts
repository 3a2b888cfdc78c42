/** How often more than in a usual run parsers and explorer are tried: `FENCEPOST_FUZZ=10 npx vitest run test/litmus`. */
const FACTOR = Number(process.env.FENCEPOST_FUZZ ?? 1);

export function fuzzRuns(usual: number): { numRuns: number } {
  return { numRuns: usual * FACTOR };
}
