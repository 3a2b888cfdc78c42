import { expect, test } from 'vitest';
import { readMessages } from '../../src/patch/mail.ts';

const only = (text: string) => {
  const messages = readMessages(text, 'mail.txt');
  expect(messages).toHaveLength(1);
  return messages[0];
};

test('headers of a mail, folded ones too', () => {
  const mail = only(`From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001
From: A Author <a@example.com>
Received: from somewhere
	by elsewhere
Date: Tue, 3 Jan 2023 10:00:00 +0000
Subject: [PATCH v2 1/2] lantern: read the level
 only once

The level may change.
`);
  expect(mail.subject).toBe('[PATCH v2 1/2] lantern: read the level only once');
  expect(mail.from).toBe('A Author <a@example.com>');
  expect(mail.date).toBe('Tue, 3 Jan 2023 10:00:00 +0000');
  expect(mail.lines.find(({ text }) => text !== '')).toEqual({ text: 'The level may change.', line: 9 });
});

test('a web archive prints the subject bare', () => {
  const mail = only('Re: [PATCH] lantern: go out\n\nFrom: A Author\nDate: Tue Jan 03 2023\n\n\nYes: do.\n');
  expect(mail).toMatchObject({
    subject: 'Re: [PATCH] lantern: go out',
    from: 'A Author',
    date: 'Tue Jan 03 2023',
  });
  expect(mail.lines.filter(({ text }) => text !== '')).toEqual([{ text: 'Yes: do.', line: 7 }]);
});

test.each([
  'diff --git a/x b/x\n',
  '--- a/x\n+++ b/x\n',
  ' x | 2 +-\n 1 file changed\n',
  'Hello,\n\nFrom: here\n',
])('a text without headers is all body: %j', (text) => {
  const mail = only(text);
  expect(mail.subject).toBeUndefined();
  expect(mail.from).toBeUndefined();
  expect(mail.lines[0].text).toBe(text.split('\n')[0]);
});

test('an mbox holds several mails', () => {
  const mail = (n: number) =>
    `From x@example.com Mon Sep 17 00:00:00 2001\nSubject: [PATCH ${n}/2] lantern\n\nText ${n}.\n\n`;
  const messages = readMessages(mail(1) + mail(2), 'series.mbox');
  expect(messages.map(({ subject }) => subject)).toEqual(['[PATCH 1/2] lantern', '[PATCH 2/2] lantern']);
  expect(messages[1].lines.find(({ text }) => text !== '')).toEqual({ text: 'Text 2.', line: 9 });
});

test('quoted-printable is decoded, and lines keep their numbers', () => {
  const mail = only(`Subject: lantern
Content-Transfer-Encoding: quoted-printable

+	if (a =3D=3D b &&=20
+	    c =
=3D=3D d) /* =E2=80=A6 */
end
`);
  expect(mail.lines.slice(1, 4)).toEqual([
    { text: '+	if (a == b && ', line: 4 },
    { text: '+	    c == d) /* … */', line: 5 },
    { text: 'end', line: 7 },
  ]);
});

test('base64 is decoded, a footer behind it is left out', () => {
  const body = Buffer.from('--- a/x\n+++ b/x\n').toString('base64');
  const mail = only(
    `Content-Transfer-Encoding: base64\n\n${body.slice(0, 8)}\n${body.slice(8)}\n\n___ list ___\n`,
  );
  expect(mail.lines.map(({ text }) => text)).toEqual(['--- a/x', '+++ b/x', '']);
});

test.each<[string, string]>([
  ['NUL bytes', 'ELF\n\0\0\0'],
  ['bytes that are not UTF-8', `x\n${'\uFFFD'.repeat(20)}`],
])('%s: not-text, with the line', (_, text) => {
  expect(() => readMessages(text, 'blob.bin')).toThrow(
    expect.objectContaining({
      code: 'not-text',
      place: expect.objectContaining({ file: 'blob.bin', line: 2 }) as unknown,
    }),
  );
});
