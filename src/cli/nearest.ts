import { FencepostError } from '../program/error.ts';

/** The one of that name. Throws `unknown-<kind>` with the nearest names. */
export function byName<T>(kind: string, all: readonly T[], nameOf: (item: T) => string, name: string): T {
  const found = all.find((item) => nameOf(item) === name);
  if (found !== undefined) return found;
  throw unknownName(kind, name, all.map(nameOf));
}

export function unknownName(kind: string, name: string, known: readonly string[]): FencepostError {
  const code = `unknown-${kind.replaceAll(' ', '-')}`;
  return new FencepostError(code, `there is no ${kind} «${name}»`, { hint: nearestHint(name, known) });
}

/** The names that were probably meant, else all that there are. */
export function nearestHint(name: string, known: readonly string[]): string {
  const near = nearest(name, known);
  if (near.length > 0) return `did you mean ${near.map((each) => `«${each}»`).join(' or ')}?`;
  return known.length > 0 ? `there are ${known.join(', ')}` : 'there is none';
}

/** At most three names that were probably meant, the nearest first. */
export function nearest(name: string, known: readonly string[]): string[] {
  const wanted = name.toLowerCase();
  const allowed = Math.ceil(wanted.length / 3);
  return known
    .map((each) => {
      const other = each.toLowerCase();
      const part = wanted.length >= 3 && other.includes(wanted);
      return { each, away: part ? 0 : editDistance(wanted, other) };
    })
    .filter(({ away }) => away <= allowed)
    .sort((a, b) => a.away - b.away || (a.each < b.each ? -1 : 1))
    .slice(0, 3)
    .map(({ each }) => each);
}

/**
 * The fewest insertions, deletions, replacements and swaps of neighbours that make one word the other, where nothing
 * is changed twice (optimal string alignment).
 */
export function editDistance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      row.push(Math.min(rows[i - 1][j] + 1, row[j - 1] + 1, rows[i - 1][j - 1] + same));
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) row[j] = Math.min(row[j], rows[i - 2][j - 2] + 1);
    }
    rows.push(row);
  }
  return rows[a.length][b.length];
}
