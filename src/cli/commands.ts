/** Every command, described once: parsing and help are made from this. */
import type { Command, CommandGroup } from './command.ts';
import { check } from './commands/check.ts';
import { list } from './commands/list.ts';
import { litmus } from './commands/litmus.ts';
import { mutants } from './commands/mutants.ts';
import { patch } from './commands/patch.ts';
import { regress } from './commands/regress.ts';
import { replay } from './commands/replay.ts';
import { show } from './commands/show.ts';
import { modelNames } from './flags.ts';
import { mmu } from './mmu/commands.ts';

export const COMMANDS: readonly (Command | CommandGroup)[] = [
  {
    name: 'list',
    words: '[WORD...]',
    wordDocs: { WORD: 'only what has all of these in its name or text' },
    summary: 'the scenarios, proposals, memory models and sites that there are',
    doc: 'Lists the scenarios with their questions.',
    flags: ['proposals', 'models', 'sites', 'protocols', 'json'],
    examples: [
      ['fencepost list', 'every scenario with its question'],
      ['fencepost list fault', 'the scenarios that have to do with faults'],
      ['fencepost list --proposals', 'every proposal and where it comes from'],
      ['fencepost list --protocols', 'which ordering protocols and historic bugs are covered, and by what'],
    ],
    run: list,
  },
  {
    name: 'show',
    words: '<SCENARIO|FILE>',
    wordDocs: { 'SCENARIO|FILE': 'a name from `fencepost list`, or a scenario file of your own' },
    summary: 'what a scenario models, what it rests on, and what is expected of it',
    doc: [
      'Prints the question, the world, the kernel functions that each thread passes with the sites in them, the',
      'sources, the expected verdicts with their reasons, and the bounds within which «safe» holds.',
    ].join(' '),
    flags: ['json'],
    examples: [['fencepost show emulated-write-vs-first-fault', 'the founding question']],
    run: show,
  },
  {
    name: 'check',
    words: '[SCENARIO|FILE...]',
    wordDocs: {
      'SCENARIO|FILE':
        'names from `fencepost list`, or scenario files of your own (.ts, .js); all scenarios without any',
    },
    summary: 'judge scenarios: every execution, per proposal and memory model',
    doc: [
      'Explores every execution of the scenarios and says for each proposal and memory model whether it is',
      'safe or violated, and whether that was expected. Exit code: 0 every verdict is as expected, 1 some',
      'verdict is not, 2 bad input, 3 a bound was hit first.',
    ].join(' '),
    flags: ['model', 'proposal', 'engine', 'trace', 'json', 'maxExecutions', 'maxTime'],
    examples: [
      ['fencepost check', 'everything, against what is expected'],
      [
        'fencepost check emulated-write-vs-first-fault -p v6.3 -m x86-tso --trace',
        'one verdict with its counterexample',
      ],
      ['fencepost check my-scenario.ts --json', 'a scenario of your own, for machines'],
      ['fencepost check --max-time 30s', 'at most 30 seconds per verdict; exit code 3 if that was too short'],
    ],
    run: check,
  },
  {
    name: 'regress',
    words: '',
    wordDocs: {},
    summary: 'the whole catalogue against its expectations, for CI',
    doc: [
      'Judges every scenario, proposal and memory model on the cores that there are, and prints a line for each',
      'scenario and proposal; verdicts that nobody expected are marked and shown with their counterexamples.',
      'Exit code: 0 every verdict is as expected, 1 some verdict is not, 2 bad usage, 3 a bound was hit first.',
    ].join(' '),
    flags: ['only', 'since', 'deep', 'model', 'json', 'maxExecutions', 'maxTime'],
    examples: [
      ['fencepost regress', 'the default set'],
      ['fencepost regress --only P05,C03', 'what has to do with one protocol or one bug'],
      ['fencepost regress --since v6.6', 'without the kernels before v6.6'],
      ['fencepost regress --deep --json', 'everything, for machines'],
    ],
    run: regress,
  },
  {
    name: 'mutants',
    words: '',
    wordDocs: {},
    summary: 'single-step faults of the paths, and whether the catalogue catches them',
    doc: [
      'Drops, swaps or weakens one line of the paths at a time - a store, a fence, an atomic, a lock - and judges the',
      'scenarios that pass it, those with few lines first, until one of them is violated. Prints where each mutant is',
      'caught, with the strongest of sc, x86-tso and lkmm-marked that shows it, and why the others are not. --only tries',
      'the lines and the scenarios of a protocol, a bug or a scenario alone: what others would catch survives there. A',
      'judgement takes a minute at most, or --max-time. Exit code: 0 every mutant is caught or explained, 1 one is',
      'neither, 2 bad usage, 3 a search was stopped by its bound.',
    ].join(' '),
    flags: ['only', 'deep', 'json', 'maxTime'],
    flagDocs: {
      maxTime:
        'stop each judgement after this time (500ms, 30s, 5m; a bare number means seconds); a minute without it',
    },
    examples: [
      ['fencepost mutants', 'the whole catalogue'],
      ['fencepost mutants --only P08', 'the paths of one protocol'],
      ['fencepost mutants --json', 'for machines'],
    ],
    run: mutants,
  },
  {
    name: 'replay',
    words: '<ID> [FILE...]',
    wordDocs: {
      ID: 'what `fencepost check` printed behind «replay»',
      FILE: 'the scenario file, when the scenario is your own',
    },
    summary: 'show one execution again',
    doc: [
      'Rebuilds the execution of a replay id, checks that its memory model allows it and says what it',
      'violates. An id of another version of the scenario is refused. Exit code: 0 it violates nothing, or',
      'a violation was expected; 1 an unexpected violation; 2 the id is damaged, stale or unknown. With',
      '--litmus it is 0 when the test was printed, and 2 when litmus tests cannot say what the threads do.',
    ].join(' '),
    flags: ['json', 'litmus'],
    examples: [
      ['fencepost replay fp1:SCENARIO/PROPOSAL/MODEL:DIGEST:BYTES', 'the counterexample as a race diagram'],
      ['fencepost replay ID --litmus > core.litmus', 'its core, for a second opinion by herd7'],
    ],
    run: replay,
  },
  {
    name: 'litmus',
    words: '<FILE|DIR...>',
    wordDocs: { 'FILE|DIR': 'litmus tests (C, X86, X86_64), or folders of them' },
    summary: 'run litmus tests, with the output of herd7',
    doc: [
      'Explores every execution of each test, under lkmm for C and x86-tso for x86, and prints the final states',
      'as herd7 does. A file that cannot be read is reported with line and column, and the rest still run.',
      'With --json one object a line. Exit code: 0 done; 1 a verdict is not that of --judge or --reference;',
      '2 some file could not be read; 3 a bound was hit first.',
    ].join(' '),
    flags: ['model', 'cat', 'engine', 'verdictOnly', 'explain', 'judge', 'reference', 'json', 'maxTime'],
    flagDocs: {
      model: `memory model, several times or as a comma list; without it lkmm for C, x86-tso for x86 (${modelNames})`,
      json: 'one JSON object a line, for each test, instead of text',
    },
    examples: [
      ['fencepost litmus MP+wmb+rmb.litmus', "one test, in herd7's format"],
      [
        'fencepost litmus --judge ~/linux/tools/memory-model/litmus-tests',
        'does each test come out as it says',
      ],
      ['fencepost litmus --explain MP+wmb+rmb.litmus', 'the cycle that forbids it, or a witness'],
      ['fencepost litmus --verdict-only long-rcu-chain.litmus', 'Always, Sometimes or Never, without counts'],
      ['fencepost litmus --reference verdicts.jsonl tests/', 'where do two tools differ'],
      ['fencepost litmus --cat linux-kernel.cat MP.litmus', 'under a memory model of your own'],
      ['fencepost litmus --max-time 10s --json tests/', 'for machines, at most 10 seconds a test'],
    ],
    run: litmus,
  },
  mmu,
  {
    name: 'patch',
    words: '<FILE>',
    wordDocs: { FILE: 'a mail, an mbox or a diff; `-` reads standard input' },
    summary: 'judge the patches in a mail: verdicts before and after',
    doc: [
      'Finds every unified diff in a mail, quoted or not, and says what each hunk does to the sites that',
      'fencepost models. Then it judges the scenarios that touch these sites, without and with the patch.',
      'Exit code: 0 no verdict is worse and none is violated afterwards; 1 one is; 2 bad input; 3 a bound',
      'was hit first.',
    ].join(' '),
    flags: ['base', 'model', 'engine', 'json', 'maxExecutions', 'maxTime'],
    examples: [
      ['fencepost patch mail.txt', 'each patch of the mail'],
      ['fencepost patch 0001-fix.patch --base v6.6', 'on top of v6.6'],
      ['git show | fencepost patch -', 'the last commit'],
    ],
    run: patch,
  },
];
