/** What a command is, and what it is called with. */
import type { Catalogue } from './catalogue.ts';
import type { Exit } from './exit.ts';
import type { FlagName, Flags } from './flags.ts';
import type { Io } from './io.ts';

export interface Call {
  /** The positional arguments. */
  readonly words: readonly string[];
  readonly flags: Flags;
  readonly io: Io;
  readonly catalogue: () => Promise<Catalogue>;
}

export interface Command {
  readonly name: string;
  /** As commander spells them: `<ID> [FILE...]`. */
  readonly words: string;
  readonly wordDocs: Readonly<Record<string, string>>;
  readonly summary: string;
  readonly doc: string;
  readonly flags: readonly FlagName[];
  /** Where a flag means something of its own here. */
  readonly flagDocs?: Readonly<Partial<Record<FlagName, string>>>;
  readonly examples: readonly (readonly [command: string, what: string])[];
  readonly run: (call: Call) => Promise<Exit>;
}

/** Commands under one name: `fencepost mmu search`. */
export interface CommandGroup {
  readonly name: string;
  readonly summary: string;
  readonly doc: string;
  readonly commands: readonly Command[];
  readonly examples: Command['examples'];
}
