/** Invented patches, and the ways in which mail damages them. */
import { readPatches } from '../../src/patch/unified-diff.ts';
import { quoteLevels } from '../../src/patch/quoting.ts';
import { readMessages } from '../../src/patch/mail.ts';
import type { Patch } from '../../src/patch/hunk.ts';

export const PLAIN_PATCH = `diff --git a/fs/lantern/wick.c b/fs/lantern/wick.c
index 1111111aaaaa..2222222bbbbb 100644
--- a/fs/lantern/wick.c
+++ b/fs/lantern/wick.c
@@ -40,9 +40,10 @@ static int wick_trim(struct wick *wick, unsigned int length)
 	struct lantern *lantern = wick->lantern;
 
 	/* Nobody else trims. */
-	if (wick->length < length)
-		return -EINVAL;
+	if (READ_ONCE(wick->length) < length)
+		return -ERANGE;
 
+	lantern->trims++;
 	wick->length -= length;
 	return 0;
 }
@@ -90,6 +91,7 @@ static void wick_light(struct wick *wick)
 {
 	lockdep_assert_held(&wick->lock);
 
+	smp_wmb();
 	wick->lit = true;
 }
 
`;

/** Its changed lines, blanks squeezed. */
export const PLAIN_CHANGES = [
  '-if (wick->length < length)',
  '-return -EINVAL;',
  '+if (READ_ONCE(wick->length) < length)',
  '+return -ERANGE;',
  '+lantern->trims++;',
  '+smp_wmb();',
];

export function patchesOf(text: string): Patch[] {
  return readMessages(text, 'test.mbox')
    .flatMap(({ lines }) => quoteLevels(lines))
    .flatMap((level) => readPatches(level))
    .map(({ patch }) => patch);
}

/** The changed lines of a patch, with their signs and their blanks squeezed. */
export function changesOf(patch: Patch): string[] {
  return patch.files
    .flatMap(({ hunks }) => hunks.flatMap(({ lines }) => lines))
    .filter(({ kind }) => kind !== 'context')
    .map(({ kind, text }) => `${kind === 'added' ? '+' : '-'}${squeeze(text)}`);
}

export const squeeze = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();

const eachLine = (text: string, change: (line: string) => string): string =>
  text.replace(/\n$/, '').split('\n').map(change).join('\n').concat('\n');

export const quote = (text: string, mark: string): string => eachLine(text, (line) => `${mark}${line}`);

/** `> ` before lines, `>` before empty ones, as repliers' programs do. */
export const quoteTrimmed = (text: string): string => eachLine(text, (line) => `> ${line}`.trimEnd());

/** What web archives do: no leading blanks, tabs and runs of blanks squeezed, no trailing ones. */
export const stripBlanks = (text: string): string =>
  eachLine(text, (line) => line.replaceAll(/[ \t]+/g, ' ').trim());

/** The leading blank of context lines eaten, the rest kept. */
export const eatBlank = (text: string): string => eachLine(text, (line) => line.replace(/^ /, ''));

export const tabsToSpaces = (text: string): string => text.replaceAll('\t', '        ');

export const crlf = (text: string): string => text.replaceAll('\n', '\r\n');

/** Lines broken at a width, the rest put on a line of its own behind `mark`. */
export const wrap = (text: string, width: number, mark: string): string =>
  eachLine(text, (line) => {
    const pieces: string[] = [];
    let rest = line;
    while (rest.length > width) {
      const at = rest.lastIndexOf(' ', width);
      if (at <= 4) break;
      pieces.push(rest.slice(0, at));
      rest = rest.slice(at + 1);
    }
    return [...pieces, rest].map((piece, i) => (i === 0 ? piece : `${mark}${piece}`)).join('\n');
  });
