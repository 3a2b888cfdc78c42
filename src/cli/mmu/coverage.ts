/** What a search has executed and passed: operations, functions of KVM with their calls, choices at sites. */
export class Coverage {
  readonly #operations = new Map<string, number>();
  /** How often each run; equal runs have the same notes. */
  readonly #runs = new Map<readonly string[], number>();

  executed(kind: string): void {
    this.#operations.set(kind, (this.#operations.get(kind) ?? 0) + 1);
  }

  passed(notes: readonly string[]): void {
    this.#runs.set(notes, (this.#runs.get(notes) ?? 0) + 1);
  }

  /** By kind, the number executed. */
  get operations(): Readonly<Record<string, number>> {
    const kinds = [...this.#operations].sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(kinds);
  }

  /** Calls by function, and choices by `site=option`. */
  get notes(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const [notes, times] of this.#runs) {
      for (const note of notes) counts.set(note, (counts.get(note) ?? 0) + times);
    }
    return counts;
  }
}

export function isChoice(note: string): boolean {
  return note.includes('=');
}

export function isFunction(note: string): boolean {
  return /^\w\w+$/.test(note) && note !== 'sp';
}
