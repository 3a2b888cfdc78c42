import { createTwoFilesPatch, parsePatch } from 'diff';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  changesOf,
  crlf,
  patchesOf,
  quote,
  quoteTrimmed,
  squeeze,
  stripBlanks,
  tabsToSpaces,
} from './fixtures.ts';

/** Anything that a line of a file may hold; carriage returns and protected blanks do not survive a mail. */
const anyLine = fc
  .string({ unit: 'grapheme-ascii', maxLength: 30 })
  .filter((line) => !/[\r\u00a0]/.test(line));

/** Lines like the kernel's; none begins with a sign when its blanks are gone. */
const codeLine = fc
  .tuple(
    fc.constantFrom('', '\t', '\t\t', '\t\t    '),
    fc.constantFrom(
      '',
      '{',
      '}',
      'return -EINVAL;',
      'smp_mb();',
      'out:',
      '* all of it.',
      '/* not yet */',
      'kvm->arch.indirect_shadow_pages++;',
      'if (READ_ONCE(kvm->arch.indirect_shadow_pages))',
      'static void account_shadowed(struct kvm *kvm, struct kvm_mmu_page *sp)',
    ),
  )
  .map(([indent, code]) => (code === '' ? '' : `${indent}${code}`));

const texts = (line: fc.Arbitrary<string>): fc.Arbitrary<[string, string]> =>
  fc
    .array(fc.record({ line, fate: fc.constantFrom('keep', 'keep', 'keep', 'remove', 'add') }), {
      minLength: 1,
      maxLength: 60,
    })
    .map((lines): [string, string] => [
      lines
        .filter(({ fate }) => fate !== 'add')
        .map((entry) => `${entry.line}\n`)
        .join(''),
      lines
        .filter(({ fate }) => fate !== 'remove')
        .map((entry) => `${entry.line}\n`)
        .join(''),
    ])
    .filter(([before, after]) => before !== after);

const diffOf = (before: string, after: string): string =>
  createTwoFilesPatch('a/mm/lantern.c', 'b/mm/lantern.c', before, after, undefined, undefined, {
    context: 3,
  });

/** What the library makes of the intact diff. */
const expected = (text: string): string[] =>
  parsePatch(text).flatMap(({ hunks }) =>
    hunks.flatMap(({ lines }) => lines.filter((line) => !/^[ \\]/.test(line))),
  );

const dress = fc.constantFrom<(text: string) => string>(
  (text) => text,
  (text) => quote(text, '> '),
  (text) => quote(text, '> > > '),
  (text) => crlf(text),
  (text) => `Something like this?\n\n---\n${text}-- \n2.40.1\n`,
  (text) => `From: a\nSubject: [PATCH] lantern\n\n${quote(text, '> ')}\nYes.\n`,
);

test('any diff comes back as it is, dressed in any way', () => {
  fc.assert(
    fc.property(texts(anyLine), dress, ([before, after], wear) => {
      const text = diffOf(before, after);
      const [patch, ...others] = patchesOf(wear(text));
      expect(others).toEqual([]);
      const lines = patch.files.flatMap(({ hunks }) => hunks.flatMap((hunk) => hunk.lines));
      const changed = lines
        .filter(({ kind }) => kind !== 'context')
        .map((line) => `${line.kind === 'added' ? '+' : '-'}${line.text}`);
      expect(changed).toEqual(expected(text));
      const hunks = patch.files.flatMap((file) => file.hunks);
      const known = parsePatch(text).flatMap((file) => file.hunks);
      expect(hunks.map(({ oldCount, newCount }) => [oldCount, newCount])).toEqual(
        known.map(({ oldLines, newLines }) => [oldLines, newLines]),
      );
      expect(hunks.every(({ missing }) => missing === 0)).toBe(true);
    }),
    { numRuns: 400 },
  );
});

const damage = fc.constantFrom<(text: string) => string>(
  stripBlanks,
  tabsToSpaces,
  quoteTrimmed,
  (text) => quoteTrimmed(stripBlanks(text)),
  (text) => quote(stripBlanks(text), '> > '),
  (text) => crlf(stripBlanks(text)),
  (text) => `${stripBlanks(text)}\nbase-commit: 0123456789abcdef0123456789abcdef01234567\n--\n`,
);

test('the changes of a damaged diff come back, blanks apart', () => {
  fc.assert(
    fc.property(texts(codeLine), damage, ([before, after], spoil) => {
      const text = diffOf(before, after);
      const [patch, ...others] = patchesOf(spoil(text));
      expect(others).toEqual([]);
      expect(changesOf(patch)).toEqual(expected(text).map((line) => `${line[0]}${squeeze(line.slice(1))}`));
    }),
    { numRuns: 400 },
  );
});
