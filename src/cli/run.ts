import { readFileSync } from 'node:fs';
import { Command as Commander, CommanderError, Option } from 'commander';
import { FencepostError } from '../program/error.ts';
import { ownCatalogue, type Catalogue } from './catalogue.ts';
import type { Command } from './command.ts';
import { COMMANDS } from './commands.ts';
import { question } from './commands/question.ts';
import { Exit } from './exit.ts';
import { FLAGS, type Flags } from './flags.ts';
import type { Io } from './io.ts';
import { reportError } from './report-error.ts';

/** Runs a command line and gives its exit code; never throws. */
export async function run(
  argv: readonly string[],
  io: Io,
  catalogue: () => Promise<Catalogue> = ownCatalogue,
): Promise<number> {
  try {
    if (argv.length === 0) return await question({ words: [], flags: {}, io, catalogue });
    let code: Exit = Exit.Holds;
    const program = commander(io, async (command, words, flags) => {
      code = await command.run({ words, flags, io, catalogue });
    });
    await program.parseAsync([...argv], { from: 'user' });
    return code;
  } catch (error) {
    // Its message, or the help that was asked for, has been printed.
    if (error instanceof CommanderError) return error.exitCode === 0 ? Exit.Holds : Exit.BadInput;
    return reportError(error, io);
  }
}

type Action = (command: Command, words: readonly string[], flags: Flags) => Promise<void>;

function commander(io: Io, action: Action): Commander {
  const program = new Commander('fencepost')
    .description(
      "A memory-ordering model checker for KVM's x86 MMU. Without a command: the question it began with.",
    )
    .version(ownVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [COMMAND]', 'print the help of a command')
    .addHelpText('after', examplesOf(COMMANDS.map(({ examples }) => examples[0])))
    .addHelpText('after', EXIT_CODES)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.out(text),
      writeErr: (text) => io.err(text),
      getOutHelpWidth: () => 100,
      getErrHelpWidth: () => 100,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
      outputError: (text, write) => write(text.replace(/^error: /, 'fencepost: ')),
    })
    .showHelpAfterError('  hint: `fencepost --help` shows how it is used');
  for (const command of COMMANDS) addCommand(program, command, action);
  return program;
}

function addCommand(program: Commander, command: Command, action: Action): void {
  const sub = program
    .command(`${command.name} ${command.words}`)
    .summary(command.summary)
    .description(command.doc)
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', examplesOf(command.examples))
    .showHelpAfterError(`  hint: \`fencepost ${command.name} --help\` shows how it is used`);
  for (const argument of sub.registeredArguments)
    argument.description = command.wordDocs[argument.name()] ?? '';
  for (const name of command.flags) {
    const flag: (typeof FLAGS)[keyof typeof FLAGS] = FLAGS[name];
    const option = new Option(flag.flags, flag.doc);
    if ('parse' in flag) option.argParser(flag.parse as (text: string, before: unknown) => unknown);
    sub.addOption(option);
  }
  sub.action(async () => {
    await action(command, sub.args, sub.opts<Flags>());
  });
}

function examplesOf(examples: Command['examples']): string {
  const lines = examples.map(([command, what]) => `  ${command}\n      ${what}\n`);
  return `\nExamples:\n${lines.join('')}`;
}

const EXIT_CODES = `
Exit codes: 0 as expected, 1 violated or regressed, 2 usage or bad input, 3 a bound was hit first,
4 internal error, 130 interrupted.
`;

function ownVersion(): string {
  // From the sources two folders up, from dist three.
  for (const path of ['../../package.json', '../../../package.json']) {
    try {
      const { version } = JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as {
        version: string;
      };
      return version;
    } catch {
      continue;
    }
  }
  throw new FencepostError('no-package', 'package.json is missing beside fencepost');
}
