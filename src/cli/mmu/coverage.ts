/** What of KVM a search has passed: functions with their calls, and sites with what was chosen there. */
export class Coverage {
  /** How often each run; equal runs have the same notes. */
  readonly #runs = new Map<readonly string[], number>();

  note(notes: readonly string[]): void {
    this.#runs.set(notes, (this.#runs.get(notes) ?? 0) + 1);
  }

  /** Calls by function. */
  get functions(): ReadonlyMap<string, number> {
    const calls = new Map<string, number>();
    for (const [notes, times] of this.#runs) {
      for (const note of notes) if (isFunction(note)) calls.set(note, (calls.get(note) ?? 0) + times);
    }
    return calls;
  }

  get sites(): readonly string[] {
    const all = [...this.#runs.keys()].flat().filter((note) => note.includes('='));
    return [...new Set(all)].sort();
  }
}

function isFunction(note: string): boolean {
  return /^\w+$/.test(note) && note !== 'sp';
}
