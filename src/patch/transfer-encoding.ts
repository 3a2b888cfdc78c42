import type { MailLine } from './mail.ts';

/** A mail's body in plain text. Lines of a base64 body all get the number of the line where it begins. */
export function decodeBody(lines: readonly MailLine[], encoding: string | undefined): readonly MailLine[] {
  const name = encoding?.trim().toLowerCase();
  if (name === 'quoted-printable') return decodeQuotedPrintable(lines);
  return name === 'base64' ? decodeBase64(lines) : lines;
}

/** A `=` at the end of a line continues it; the joined line keeps the number of its first part. */
function decodeQuotedPrintable(lines: readonly MailLine[]): MailLine[] {
  const decoded: MailLine[] = [];
  let continued: MailLine | undefined;
  for (const { text, line } of lines) {
    const whole: MailLine = { text: (continued?.text ?? '') + text.trimEnd(), line: continued?.line ?? line };
    if (whole.text.endsWith('=')) {
      continued = { ...whole, text: whole.text.slice(0, -1) };
    } else {
      decoded.push({ ...whole, text: unescape(whole.text) });
      continued = undefined;
    }
  }
  return continued === undefined ? decoded : [...decoded, { ...continued, text: unescape(continued.text) }];
}

function unescape(text: string): string {
  return text.replaceAll(/(?:=[0-9A-F]{2})+/gi, (bytes) =>
    Buffer.from(bytes.replaceAll('=', ''), 'hex').toString('utf8'),
  );
}

function decodeBase64(lines: readonly MailLine[]): MailLine[] {
  const filled = lines.filter(({ text }) => text.trim() !== '');
  // A list may have put its footer behind the encoded text.
  const end = filled.findIndex(({ text }) => !/^[A-Za-z0-9+/]+={0,2}$/.test(text.trim()));
  const encoded = end < 0 ? filled : filled.slice(0, end);
  const text = Buffer.from(encoded.map((part) => part.text.trim()).join(''), 'base64').toString('utf8');
  return text.split(/\r*\n/).map((part) => ({ text: part, line: encoded[0]?.line ?? 1 }));
}
