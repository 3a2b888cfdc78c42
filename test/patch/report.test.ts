import { describe, expect, test } from 'vitest';
import { readMail } from '../../src/patch/report.ts';
import { FencepostError } from '../../src/program/error.ts';
import { PLAIN_PATCH, quote, quoteTrimmed, stripBlanks } from './fixtures.ts';

const read = (text: string) => readMail(text, 'mail.txt', []);

function errorOf(text: string): FencepostError {
  try {
    read(text);
  } catch (error) {
    if (error instanceof FencepostError) return error;
    throw error;
  }
  throw new Error('no error');
}

const FORMAT_PATCH = `From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001
From: A Author <a@example.com>
Date: Tue, 3 Jan 2023 10:00:00 +0000
Subject: [PATCH] lantern: order trimming

The level may change.

Signed-off-by: A Author <a@example.com>
---
 fs/lantern/wick.c | 7 +++++--
 1 file changed, 4 insertions(+), 2 deletions(-)

${PLAIN_PATCH}-- 
2.40.1

`;

test('the mail that git format-patch writes', () => {
  const report = read(FORMAT_PATCH);
  expect(report).toMatchObject({ file: 'mail.txt', subject: '[PATCH] lantern: order trimming' });
  expect(report.patches).toHaveLength(1);
  expect(report.patches[0]).toMatchObject({
    title: '[PATCH] lantern: order trimming',
    depth: 0,
    damage: [],
    incomplete: false,
    changes: [],
  });
  expect(report.patches[0].files[0].hunks.map(({ unmapped }) => unmapped?.reason)).toEqual([
    'touches no modelled site (wick_trim)',
    'touches no modelled site (wick_light)',
  ]);
});

test('an mbox with a series: each patch has its own subject', () => {
  const report = read(FORMAT_PATCH + FORMAT_PATCH.replace('order trimming', 'light it'));
  expect(report.patches.map(({ title }) => title)).toEqual([
    '[PATCH] lantern: order trimming',
    '[PATCH] lantern: light it',
  ]);
});

test('patches of a discussion are numbered', () => {
  const report = read(
    `Subject: Re: [PATCH] lantern\n\n${quote(stripBlanks(PLAIN_PATCH), '> > ')}>\n> Hm.\n\nBetter:\n\n${PLAIN_PATCH}`,
  );
  expect(report.patches.map(({ title, line }) => [title, line])).toEqual([
    ['patch 1 (quoted at depth 2)', 3],
    ['patch 2 (unquoted)', 33],
  ]);
});

describe('no-patch', () => {
  test.each(['', '\n', 'Looks good to me.\n', '> - first\n> - second\n'])('%j', (text) => {
    const error = errorOf(text);
    expect(error).toMatchObject({ code: 'no-patch', place: { file: 'mail.txt' } });
    expect(error.hint).toContain('unified diff');
  });

  test('a fragment without headers is pointed at', () => {
    const error = errorOf('I mean\n\n> -	trim(wick);\n> +	light(wick);\n');
    expect(error).toMatchObject({ code: 'no-patch', place: { line: 3 } });
    expect(error.hint).toContain('headers');
  });
});

describe('truncated-patch', () => {
  const lines = FORMAT_PATCH.split('\n');
  const first = lines.indexOf('+++ b/fs/lantern/wick.c') + 1;
  const last = lines.indexOf('-- ') - 1;
  const second = lines.findIndex((line) => line.startsWith('@@ -90'));

  test.each(Array.from({ length: last - first - 1 }, (_, i) => first - 1 + i))(
    'cut after %i lines',
    (count) => {
      // Between its two hunks only the diffstat tells, and people edit patches without it.
      if (count === second) {
        const [patch] = read(lines.slice(0, count).join('\n')).patches;
        expect(patch.damage.map(({ kind }) => kind)).toEqual(['diffstat-differs']);
        expect(patch.incomplete).toBe(true);
        return;
      }
      const error = errorOf(lines.slice(0, count).join('\n'));
      expect(error).toMatchObject({ code: 'truncated-patch', place: { file: 'mail.txt' } });
      expect(error.place.line).toBeLessThanOrEqual(count);
      expect(error.place.line).toBeGreaterThan(first - 6);
      expect(error.hint).toBeDefined();
    },
  );

  test('in the middle of a line «@@»', () => {
    const [start] = FORMAT_PATCH.split('@@ -90,6 +91');
    expect(errorOf(`${start}@@ -90,6 +9`)).toMatchObject({ code: 'truncated-patch' });
  });

  test('before the last file of the diffstat', () => {
    const two = FORMAT_PATCH.replace('1 file changed', '2 files changed').replace(
      '4 insertions',
      '6 insertions',
    );
    expect(errorOf(two)).toMatchObject({ code: 'truncated-patch' });
  });

  test('a signature behind the cut does not hide it', () => {
    const cut = `${lines.slice(0, second + 3).join('\n')}\n-- \n2.40.1\n`;
    expect(errorOf(cut)).toMatchObject({ code: 'truncated-patch', place: { line: second + 3 } });
  });

  test('a stripped mail is no excuse for missing changes', () => {
    const cut = stripBlanks(lines.slice(0, second + 4).join('\n'));
    expect(errorOf(cut)).toMatchObject({ code: 'truncated-patch' });
  });

  test('but an archive may have cut the empty last line', () => {
    const report = read(stripBlanks(FORMAT_PATCH.split('-- \n')[0]).trimEnd());
    expect(report.patches[0].damage.map(({ kind }) => kind)).toEqual(['blanks-lost', 'counts-differ']);
    expect(report.patches[0].incomplete).toBe(false);
  });
});

describe('a quote that its replier cut', () => {
  const quoted = quoteTrimmed(stripBlanks(PLAIN_PATCH)).split('\n');

  test('in the last context: everything that changes is there', () => {
    const [patch] = read(`${quoted.slice(0, 12).join('\n')}\n\nWhy?\n`).patches;
    expect(patch.damage.map(({ kind }) => kind)).toContain('hunk-cut');
    const [whole] = read(`${quoted.slice(0, 22).join('\n')}\n\nWhy?\n`).patches;
    expect(whole.damage.map(({ kind }) => kind)).toContain('context-cut');
    expect(whole.incomplete).toBe(false);
  });

  test('in its changes: the reading is incomplete', () => {
    const [patch] = read(`${quoted.slice(0, 9).join('\n')}\n\nWhy?\n`).patches;
    expect(patch.incomplete).toBe(true);
    expect(patch.damage.find(({ kind }) => kind === 'hunk-cut')?.text).toMatch(
      /^\d+ lines of the hunk at line 5 are missing$/,
    );
  });
});
