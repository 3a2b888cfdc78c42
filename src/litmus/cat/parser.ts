/** Statements of cat. Both `.cat` and `.bell` files are lists of them. */
import { bindingsAfterLet, condition, expression, list, parameter } from './expression-parser.ts';
import { tokens } from './lexer.ts';
import type { CatFile, CheckKind, Statement } from './syntax.ts';
import { TokenStream } from './token-stream.ts';

/**
 * What herd accepts behind the title: how co and initial writes are made. Here the enumeration makes them.
 */
const OPTIONS = new Set(['withco', 'withoutco', 'withinit', 'withoutinit', 'withsc', 'withoutsc']);

const CHECKS: readonly CheckKind[] = ['acyclic', 'irreflexive', 'empty'];

/** Reads one file; throws a located FencepostError. */
export function parseCat(path: string, text: string): CatFile {
  const stream = new TokenStream(tokens(path, text));
  const title = titleOf(stream);
  const statements: Statement[] = [];
  while (stream.token.kind !== 'end') statements.push(statement(stream));
  return { path, title, statements };
}

function titleOf(stream: TokenStream): string | undefined {
  const { kind } = stream.token;
  const title = kind === 'string' || kind === 'name' ? stream.next().text : undefined;
  while (stream.token.kind === 'name' && OPTIONS.has(stream.token.text)) stream.next();
  return title;
}

function statement(stream: TokenStream): Statement {
  return stream.nested(() => statementHere(stream));
}

function statementHere(stream: TokenStream): Statement {
  const { place } = stream;
  if (stream.accept('let')) return { kind: 'let', ...bindingsAfterLet(stream), place };
  if (stream.isAnyOf('flag', '~', ...CHECKS)) return check(stream);
  if (stream.accept('with')) {
    const name = stream.name('with');
    stream.expect('from', `with ${name}`);
    return { kind: 'with', name, from: expression(stream), place };
  }
  if (stream.accept('include')) {
    if (stream.token.kind !== 'string') throw stream.error('include wants the name of a file in quotes');
    return { kind: 'include', file: stream.next().text, place };
  }
  if (stream.accept('enum')) return enumeration(stream, place);
  if (stream.accept('instructions') || stream.accept('events') || stream.accept('default')) {
    const name = stream.name('instructions');
    stream.expect('[', `instructions ${name}`);
    const allowed = list(stream);
    stream.expect(']', `instructions ${name}`);
    return { kind: 'instructions', name, allowed, place };
  }
  if (stream.accept('show') || stream.accept('unshow')) {
    do {
      expression(stream);
      if (stream.accept('as')) stream.name('as');
    } while (stream.accept(','));
    return { kind: 'show', place };
  }
  if (stream.accept('procedure')) {
    const name = stream.name('procedure');
    const pattern = parameter(stream);
    stream.expect('=', `procedure ${name}`);
    return { kind: 'procedure', name, pattern, body: blockTo(stream, 'end'), place };
  }
  if (stream.accept('call')) {
    const name = stream.name('call');
    return { kind: 'call', name, argument: expression(stream), place };
  }
  if (stream.accept('if')) {
    const asked = condition(stream);
    const yes = block(stream);
    const no = stream.accept('else') ? block(stream) : [];
    stream.expect('end', 'if');
    return { kind: 'if', condition: asked, yes, no, place };
  }
  if (stream.isAnyOf('forall', 'assert', 'undefined'))
    throw stream.error(
      `«${stream.token.text}» is not supported`,
      'the cat language is read as far as the kernel, x86 and sc memory models need it',
    );
  throw stream.unexpected('at the start of a statement');
}

function block(stream: TokenStream): Statement[] {
  const statements: Statement[] = [];
  while (!stream.isAnyOf('end', 'else')) statements.push(statement(stream));
  return statements;
}

function blockTo(stream: TokenStream, end: string): Statement[] {
  const statements = block(stream);
  stream.expect(end, 'the block');
  return statements;
}

function enumeration(stream: TokenStream, place: Statement['place']): Statement {
  const name = stream.name('enum');
  stream.expect('=', `enum ${name}`);
  const tags: string[] = [];
  stream.accept('||');
  do {
    if (stream.token.kind !== 'tag') throw stream.error(`enum ${name} wants a tag`, "tags look like 'once");
    tags.push(stream.next().text);
  } while (stream.accept('||'));
  return { kind: 'enum', name, tags, place };
}

function check(stream: TokenStream): Statement {
  const { place } = stream;
  const flag = stream.accept('flag');
  const negated = stream.accept('~');
  const kind = CHECKS.find((candidate) => stream.accept(candidate));
  if (kind === undefined) throw stream.error(`a check is one of ${CHECKS.join(', ')}`);
  const value = expression(stream);
  const name = stream.accept('as') ? checkName(stream) : undefined;
  if (flag && name === undefined) throw stream.error('a flag wants a name', 'write «as NAME» behind it');
  return { kind: 'check', check: kind, negated, flag, name, value, place };
}

function checkName(stream: TokenStream): string {
  return stream.token.kind === 'string' ? stream.next().text : stream.name('as');
}
