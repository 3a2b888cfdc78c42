import { FencepostError } from '../program/error.ts';
import { decodeBody } from './transfer-encoding.ts';

/** A line of the mail as it stands there, without its line end. */
export interface MailLine {
  readonly text: string;
  /** From 1. */
  readonly line: number;
}

/** One mail; an mbox holds several, a bare diff is one without headers. */
export interface Message {
  readonly subject: string | undefined;
  readonly from: string | undefined;
  readonly date: string | undefined;
  readonly lines: readonly MailLine[];
}

/** `From 1234… Mon Sep 17 00:00:00 2001`: how mbox and git format-patch begin a mail. */
const MBOX_START = /^From \S+ +\w{3} \w{3} +\d+ [\d:]+ \d{4}/;
const HEADER = /^(Subject|From|Date|Content-Transfer-Encoding): ?(.*)$/i;
const ANY_HEADER = /^[A-Za-z][A-Za-z0-9-]*:(?: |$)/;

/**
 * The mails in a text. Throws `not-text` when it is none: NUL bytes, or many bytes that are not UTF-8.
 */
export function readMessages(text: string, file: string): Message[] {
  refuseBinary(text, file);
  const lines = text
    .replace(/^\uFEFF/, '')
    .split('\n')
    // Some mail programs protect blanks by making them unbreakable.
    .map((raw, i) => ({ text: raw.replace(/\r+$/, '').replaceAll('\u00a0', ' '), line: i + 1 }));
  const starts = lines.flatMap(({ text: t }, i) =>
    MBOX_START.test(t) && (i === 0 || lines[i - 1].text === '') ? [i] : [],
  );
  if (starts[0] !== 0) starts.unshift(0);
  return starts.map((start, i) => readMessage(lines.slice(start, starts[i + 1])));
}

function refuseBinary(text: string, file: string): void {
  const nul = text.indexOf('\0');
  const replaced = text.split('\uFFFD').length - 1;
  if (nul < 0 && replaced <= text.length / 50) return;
  const at = nul >= 0 ? nul : text.indexOf('\uFFFD');
  throw new FencepostError('not-text', 'this is a binary file, not a mail or a patch', {
    file,
    line: text.slice(0, at).split('\n').length,
    hint: 'save the mail as plain UTF-8 text; attachments and compressed patches have to be unpacked first',
  });
}

function readMessage(lines: readonly MailLine[]): Message {
  const found = new Map<string, string>();
  let body = lines.length > 0 && MBOX_START.test(lines[0].text) ? 1 : 0;
  while (body < lines.length && lines[body].text.trim() === '') body++;
  // Web archives print the subject bare, then From: and Date:, with empty lines between.
  const bare = bareSubject(lines, body);
  if (bare !== undefined) {
    found.set('subject', lines[bare].text.trim());
    body = bare + 1;
  }
  let last: string | undefined;
  let seen = bare !== undefined;
  for (; body < lines.length; body++) {
    const { text } = lines[body];
    const header = HEADER.exec(text);
    const folded = seen && /^[ \t]+\S/.test(text);
    if (header !== null) {
      last = header[1].toLowerCase();
      if (!found.has(last)) found.set(last, header[2].trim());
    } else if (folded && last !== undefined) {
      found.set(last, `${found.get(last)} ${text.trim()}`.trim());
    } else if (ANY_HEADER.test(text)) {
      last = undefined;
    } else if (!folded && !(text === '' && headersFollow(lines, body, bare !== undefined))) {
      break;
    }
    seen = true;
  }
  return {
    subject: found.get('subject'),
    from: found.get('from'),
    date: found.get('date'),
    lines: decodeBody(lines.slice(body), found.get('content-transfer-encoding')),
  };
}

/** The index of a first line that is followed, after empty lines, by `From:` and `Date:`; else undefined. */
function bareSubject(lines: readonly MailLine[], from: number): number | undefined {
  const [subject, sender, date] = lines.slice(from, from + 8).filter(({ text }) => text.trim() !== '');
  if (date === undefined || HEADER.test(subject.text)) return undefined;
  const archived = sender.text.startsWith('From: ') && date.text.startsWith('Date: ');
  return archived ? lines.indexOf(subject) : undefined;
}

function headersFollow(lines: readonly MailLine[], at: number, archived: boolean): boolean {
  return archived && lines.slice(at, at + 3).some(({ text }) => /^(From|Date): /.test(text));
}
