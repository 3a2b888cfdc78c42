/** Every flag of every command, described once: parsing and help are made from this. */
import { ENGINE_DOCS, ENGINE_NAMES, type EngineName } from '../check/engine.ts';
import { memoryModels } from '../memory/models.ts';
import type { MemoryModel } from '../memory/model.ts';
import { FencepostError } from '../program/error.ts';
import { byName } from './nearest.ts';

export interface Flag {
  /** As commander spells it: `--model <NAME>`. */
  readonly flags: string;
  readonly doc: string;
  /** Turns the text into a value, given that of the same flag before; throws a FencepostError. */
  readonly parse?: (text: string, before: never) => unknown;
}

export const modelNames = memoryModels.map(({ name }) => name).join(', ');

export const FLAGS = {
  model: {
    flags: '-m, --model <NAME>',
    doc: `memory model, several times or as a comma list; all without it (${modelNames})`,
    parse: (text: string, before: MemoryModel[] | undefined): MemoryModel[] => [
      ...(before ?? []),
      ...names(text, 'model').map((name) =>
        byName('memory model', memoryModels, (model) => model.name, name),
      ),
    ],
  },
  proposal: {
    flags: '-p, --proposal <NAME>',
    doc: 'proposal, several times or as a comma list; all of the scenario without it; NAME+SITE=OPTION changes one',
    parse: (text: string, before: string[] | undefined): string[] => [
      ...(before ?? []),
      ...names(text, 'proposal'),
    ],
  },
  engine: {
    flags: '-e, --engine <NAME>',
    doc: `how to search: ${ENGINE_NAMES.map((name) => `${name} (${ENGINE_DOCS[name]})`).join('; ')}`,
    parse: (text: string): EngineName => byName('engine', ENGINE_NAMES, (name) => name, text),
  },
  json: { flags: '--json', doc: 'one JSON document instead of text' },
  trace: { flags: '-t, --trace', doc: 'show the counterexample of expected violations too' },
  litmus: {
    flags: '--litmus',
    doc: 'print the core of the execution as a litmus test in C, for herd7 or `fencepost litmus`',
  },
  maxExecutions: {
    flags: '--max-executions <N>',
    doc: 'stop each search after N executions (blocked ones count too); then nothing is called safe',
    parse: (text: string): number => positive(text, 'max-executions'),
  },
  maxTime: {
    flags: '--max-time <TIME>',
    doc: 'stop each search after this time: 500ms, 30s, 5m, 1h; a bare number means seconds',
    parse: (text: string): number => duration(text),
  },
  judge: {
    flags: '--judge',
    doc: "compare each test with the «Result:» comment in its file, in the words of the kernel's judgelitmus.sh",
  },
  reference: {
    flags: '--reference <FILE>',
    doc: 'compare with verdicts of another tool (JSON lines) and print a table of what differs',
  },
  verdictOnly: {
    flags: '--verdict-only',
    doc: 'only whether the condition holds always, sometimes or never: looks for such executions directly, and counts none',
  },
  cat: {
    flags: '--cat <FILE>',
    doc: "a memory model in herd's cat language, with the .bell file beside it; runs by enumeration",
  },
  explain: {
    flags: '--explain',
    doc: 'say why: a witness as columns of CPUs, or the cycle that forbids there being one',
  },
  policy: {
    flags: '--policy <NAME>',
    doc: 'kernel version or policy, several times or as a comma list; NAME+SITE=OPTION changes one',
    parse: (text: string, before: string[] | undefined): string[] => [
      ...(before ?? []),
      ...names(text, 'policy'),
    ],
  },
  mmu: {
    flags: '--mmu <KIND>',
    doc: 'which MMU of KVM serves the guest: shadow, tdp, direct, nested; shadow without it',
  },
  world: { flags: '--world <NAME>', doc: 'one world instead of all of the MMU' },
  depth: {
    flags: '--depth <N>',
    doc: 'operations of the longest sequence; 4 without it',
    parse: (text: string): number => positive(text, 'depth'),
  },
  faultAt: {
    flags: '--fault-at <TEXT>',
    doc: 'only steps with this in their name, such as a function',
  },
  vcpus: {
    flags: '--vcpus <N>',
    doc: 'virtual CPUs of the guest; 2 without it',
    parse: (text: string): number => positive(text, 'vcpus'),
  },
  random: {
    flags: '--random <N>',
    doc: 'N random sequences of up to --depth operations instead of all short ones; what they find is shrunk',
    parse: (text: string): number => positive(text, 'random'),
  },
  seed: {
    flags: '--seed <N>',
    doc: 'where the random sequences begin; 1 without it',
    parse: (text: string): number => positive(text, 'seed'),
  },
  strict: {
    flags: '--strict',
    doc: 'judge by the letter of the SDM where KVM is known to differ (PCIDs and EP4TAs share shadow pages; #PF without P)',
  },
  steps: { flags: '--steps', doc: 'show what KVM does inside each operation of a trace' },
  base: { flags: '-b, --base <PROPOSAL>', doc: 'the proposal that the patch applies to; guessed without it' },
  since: {
    flags: '--since <PROPOSAL>',
    doc: 'leave out the proposals that stand before this one in the history of a scenario',
  },
  only: {
    flags: '--only <NAME>',
    doc: 'scenarios, protocols (P05) or bugs (C03), several times or as a comma list',
    parse: (text: string, before: string[] | undefined): string[] => [
      ...(before ?? []),
      ...names(text, 'only'),
    ],
  },
  deep: { flags: '--deep', doc: 'with the scenarios that are too large for the default set' },
  protocols: { flags: '--protocols', doc: 'list what the catalogue covers instead: protocols and bugs' },
  proposals: { flags: '--proposals', doc: 'list the proposals instead' },
  models: { flags: '--models', doc: 'list the memory models instead' },
  sites: { flags: '--sites', doc: 'list the sites instead: the points where proposals differ' },
} as const satisfies Record<string, Flag>;

export type FlagName = keyof typeof FLAGS;

/** What the flags of a command line came to; absent where a flag was not given. */
export interface Flags {
  readonly model?: readonly MemoryModel[];
  readonly proposal?: readonly string[];
  readonly engine?: EngineName;
  readonly json?: boolean;
  readonly trace?: boolean;
  readonly litmus?: boolean;
  readonly maxExecutions?: number;
  /** Milliseconds. */
  readonly maxTime?: number;
  readonly policy?: readonly string[];
  readonly mmu?: string;
  readonly world?: string;
  readonly depth?: number;
  readonly faultAt?: string;
  readonly vcpus?: number;
  readonly random?: number;
  readonly seed?: number;
  readonly steps?: boolean;
  readonly strict?: boolean;
  readonly judge?: boolean;
  /** A file. */
  readonly reference?: string;
  /** A file. */
  readonly cat?: string;
  readonly verdictOnly?: boolean;
  readonly explain?: boolean;
  readonly base?: string;
  readonly since?: string;
  readonly only?: readonly string[];
  readonly deep?: boolean;
  readonly protocols?: boolean;
  readonly proposals?: boolean;
  readonly models?: boolean;
  readonly sites?: boolean;
}

function names(text: string, flag: string): string[] {
  const all = text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  if (all.length > 0) return all;
  throw new FencepostError('no-name', `--${flag} takes a name, not «${text}»`);
}

function positive(text: string, flag: string): number {
  const count = Number(text.replaceAll('_', ''));
  if (/^[\d_]+$/.test(text) && count >= 1 && Number.isSafeInteger(count)) return count;
  throw new FencepostError('bad-number', `--${flag} takes a whole number from 1 on, not «${text}»`);
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

function duration(text: string): number {
  const parts = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text);
  const value = parts === null ? 0 : Number(parts[1]) * UNITS[parts[2] ?? 's'];
  if (value > 0) return value;
  throw new FencepostError('bad-time', `--max-time takes a time such as 30s, not «${text}»`, {
    hint: 'units are ms, s, m and h; a bare number means seconds',
  });
}
