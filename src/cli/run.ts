import { readFileSync } from 'node:fs';
import { Command as Commander, CommanderError, Option } from 'commander';
import { FencepostError } from '../program/error.ts';
import { ownCatalogue, type Catalogue } from './catalogue.ts';
import type { Command, CommandGroup } from './command.ts';
import { COMMANDS } from './commands.ts';
import { question } from './commands/question.ts';
import { Exit } from './exit.ts';
import { FLAGS, type Flag, type FlagName, type Flags } from './flags.ts';
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
  for (const each of COMMANDS) {
    if ('commands' in each) addGroup(program, each, action);
    else addCommand(program, each, action);
  }
  return program;
}

function addGroup(program: Commander, group: CommandGroup, action: Action): void {
  const commands = describe(program.command(group.name), group).helpCommand(
    'help [COMMAND]',
    'print the help of a command',
  );
  for (const command of group.commands) addCommand(commands, command, action);
}

function addCommand(parent: Commander, command: Command, action: Action): void {
  const sub = describe(parent.command(`${command.name} ${command.words}`), command);
  for (const argument of sub.registeredArguments)
    argument.description = command.wordDocs[argument.name()] ?? '';
  for (const name of Object.keys(FLAGS) as FlagName[]) {
    if (!command.flags.includes(name)) refuse(sub, name);
  }
  for (const name of command.flags) {
    const flag: Flag = FLAGS[name];
    const option = new Option(flag.flags, command.flagDocs?.[name] ?? flag.doc);
    if (flag.parse) option.argParser(flag.parse as (text: string, before: unknown) => unknown);
    sub.addOption(option);
  }
  // A word too many is refused below, by a message that says what else there is.
  if (command.words === '') sub.allowExcessArguments();
  sub.action(async () => {
    if (command.words === '' && sub.args.length > 0) throw unexpectedWord(sub, sub.args[0]);
    await action(command, sub.args, sub.opts<Flags>());
  });
}

/** What commands and groups of them have in common. */
function describe(sub: Commander, { summary, doc, examples }: Command | CommandGroup): Commander {
  return sub
    .summary(summary)
    .description(doc)
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', examplesOf(examples))
    .showHelpAfterError(`  hint: \`${wholeName(sub)} --help\` shows how it is used`);
}

/** `fencepost mmu search`. */
function wholeName(command: Commander): string {
  return command.parent === null ? command.name() : `${wholeName(command.parent)} ${command.name()}`;
}

/** An option of other commands: nobody shall believe that it has had an effect here. */
function refuse(sub: Commander, name: FlagName): void {
  const option = new Option(FLAGS[name].flags).hideHelp();
  sub.addOption(option);
  sub.on(`option:${option.name()}`, () => {
    throw new FencepostError('option-not-here', `\`${wholeName(sub)}\` has no option --${option.name()}`, {
      hint: `it is one of ${commandsWith(name)}`,
    });
  });
}

function commandsWith(flag: FlagName): string {
  const all = COMMANDS.flatMap((each) =>
    'commands' in each
      ? each.commands.map(({ name, flags }) => ({ name: `${each.name} ${name}`, flags }))
      : [each],
  );
  const names = all.filter(({ flags }) => flags.includes(flag)).map(({ name }) => `\`fencepost ${name}\``);
  return names.join(', ');
}

function unexpectedWord(sub: Commander, word: string): FencepostError {
  const options = sub
    .createHelp()
    .visibleOptions(sub)
    .map(({ long }) => long ?? '');
  return new FencepostError('unexpected-word', `\`${wholeName(sub)}\` takes no word, such as «${word}»`, {
    hint: `it has options: ${options.join(', ')}`,
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
