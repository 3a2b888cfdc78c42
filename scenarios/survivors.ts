/**
 * Mutants of the paths that no scenario catches, with the reason (`fencepost mutants`). A mutant that is neither
 * caught nor explained here is a hole in the catalogue.
 */
export const survivors: Readonly<Record<string, string>> = {};
