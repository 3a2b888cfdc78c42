import { expect, test } from 'vitest';
import {
  changesOf,
  crlf,
  eatBlank,
  patchesOf,
  PLAIN_CHANGES,
  PLAIN_PATCH,
  quote,
  quoteTrimmed,
  stripBlanks,
  tabsToSpaces,
  wrap,
} from './fixtures.ts';

test('an intact diff comes back line by line, with nothing to note', () => {
  const [patch, ...others] = patchesOf(PLAIN_PATCH);
  expect(others).toEqual([]);
  expect(patch.damage).toEqual([]);
  expect(patch.files).toHaveLength(1);
  const [file] = patch.files;
  expect(file).toMatchObject({ path: 'fs/lantern/wick.c', oldPath: undefined, change: 'modified', line: 1 });
  expect(file.hunks.map(({ oldStart, newStart, line }) => [oldStart, newStart, line])).toEqual([
    [40, 40, 5],
    [90, 91, 18],
  ]);
  expect(file.hunks[0].heading).toBe('static int wick_trim(struct wick *wick, unsigned int length)');
  expect(file.hunks[0].lines[3]).toEqual({
    kind: 'removed',
    text: '\tif (wick->length < length)',
    line: 9,
    shifted: false,
  });
});

test.each<[string, string]>([
  ['quoted once', quote(PLAIN_PATCH, '> ')],
  ['quoted three times', quote(PLAIN_PATCH, '> > > ')],
  ['quoted without blanks', quote(PLAIN_PATCH, '>>')],
  ['quoted, trailing blanks cut', quoteTrimmed(PLAIN_PATCH)],
  ['leading blanks stripped', stripBlanks(PLAIN_PATCH)],
  ['quoted and stripped', quoteTrimmed(stripBlanks(PLAIN_PATCH))],
  ['one leading blank eaten', eatBlank(PLAIN_PATCH)],
  ['tabs to spaces', tabsToSpaces(PLAIN_PATCH)],
  ['CRLF', crlf(PLAIN_PATCH)],
  ['CRLF and quoted', crlf(quote(PLAIN_PATCH, '> '))],
  ['unbreakable blanks', PLAIN_PATCH.replaceAll(/^ /gm, '\u00a0')],
  ['a signature behind it', `${PLAIN_PATCH}-- \n2.40.1\n\n`],
  ['a base commit behind it', `${PLAIN_PATCH}\nbase-commit: 0123456789abcdef0123456789abcdef01234567\n--\n`],
  ['text around it', `So I think this?\n\n---\n${PLAIN_PATCH}\nBut not on weak machines.\n`],
])('%s: the same changes', (_, text) => {
  const patches = patchesOf(text);
  expect(patches).toHaveLength(1);
  expect(changesOf(patches[0])).toEqual(PLAIN_CHANGES);
  expect(patches[0].files[0].hunks.map(({ missing }) => missing)).toEqual([0, 0]);
});

const LONG_PATCH = `--- a/fs/lantern/oil.c
+++ b/fs/lantern/oil.c
@@ -7,7 +7,7 @@ static unsigned long oil_level_of_lantern(struct lantern *lantern, unsigned int unit)
 	struct oil *oil = lantern->oil;
 
 	/* The level is read while lanterns burn, see the comment in oil_consume() for the order. */
-	level = oil->reservoir[unit].level + oil->reservoir[unit].reserve - consumed_since_refill;
+	level = READ_ONCE(oil->reservoir[unit].level) + oil->reservoir[unit].reserve - consumed_since_refill;
 	if (level > oil->capacity)
 		level = oil->capacity;
 
`;
const LONG_CHANGES = [
  '-level = oil->reservoir[unit].level + oil->reservoir[unit].reserve - consumed_since_refill;',
  '+level = READ_ONCE(oil->reservoir[unit].level) + oil->reservoir[unit].reserve - consumed_since_refill;',
];

test.each<[string, string]>([
  ['not quoted', wrap(tabsToSpaces(LONG_PATCH), 72, '')],
  ['stripped', wrap(stripBlanks(LONG_PATCH), 72, '')],
  ['quoted after it was broken', quote(wrap(tabsToSpaces(LONG_PATCH), 70, ''), '> ')],
  ['broken when it was quoted', wrap(quote(tabsToSpaces(LONG_PATCH), '> '), 76, '')],
  ['broken when it was quoted again', wrap(quote(tabsToSpaces(LONG_PATCH), '> > '), 78, '> ')],
])('broken lines are put together again: %s', (_, text) => {
  expect(text).not.toContain(LONG_CHANGES[0].slice(1));
  const [patch, ...others] = patchesOf(text);
  expect(others).toEqual([]);
  expect(changesOf(patch)).toEqual(LONG_CHANGES);
  expect(patch.damage.map(({ kind }) => kind)).toContain('lines-wrapped');
  const [hunk] = patch.files[0].hunks;
  expect(hunk.heading).toMatch(/^static unsigned long oil_level_of_lantern\(.* unit\)$/);
});

test('damage is noted once for each kind', () => {
  const [patch] = patchesOf(stripBlanks(PLAIN_PATCH));
  expect(patch.damage).toEqual([
    { kind: 'blanks-lost', text: 'context lines without their leading blank', line: 6 },
  ]);
});

test('a reply inside a quoted hunk does not end it, not even when it swallowed an empty line', () => {
  const lines = quoteTrimmed(stripBlanks(PLAIN_PATCH)).split('\n');
  const answer = ['', 'Why -ERANGE?', ''];
  const inside = [...lines.slice(0, 12), ...answer, ...lines.slice(13)].join('\n');
  const [patch] = patchesOf(inside);
  expect(changesOf(patch)).toEqual(PLAIN_CHANGES);
  expect(patch.damage.map(({ kind }) => kind)).toEqual(['counts-differ', 'blanks-lost']);
});

test('what is quoted more deeply ends a hunk', () => {
  const cut = PLAIN_PATCH.split('\n').slice(0, 12).join('\n');
  const [patch] = patchesOf(`${cut}\n> I see.\nFine with me.\n`);
  expect(patch.files[0].hunks[0].missing).toBeGreaterThan(0);
  expect(changesOf(patch)).toEqual(PLAIN_CHANGES.slice(0, 4));
});

test('new, deleted, renamed and binary files', () => {
  const [patch] = patchesOf(`diff --git a/new.c b/new.c
new file mode 100644
index 000000000000..3333333ccccc
--- /dev/null
+++ b/new.c
@@ -0,0 +1,2 @@
+int one;
+int two;
\\ No newline at end of file
diff --git a/gone.c b/gone.c
deleted file mode 100644
index 3333333ccccc..000000000000
--- a/gone.c
+++ /dev/null
@@ -1 +0,0 @@
-int three;
diff --git a/old name.c b/better name.c
similarity index 96%
rename from old name.c
rename to better name.c
index 1111111aaaaa..2222222bbbbb 100644
--- a/old name.c
+++ b/better name.c
@@ -1 +1 @@
-int four;
\\ No newline at end of file
+int five;
\\ No newline at end of file
diff --git a/moved.c b/away.c
similarity index 100%
rename from moved.c
rename to away.c
diff --git a/run.sh b/run.sh
old mode 100644
new mode 100755
diff --git a/logo.png b/logo.png
index 1111111aaaaa..2222222bbbbb 100644
Binary files a/logo.png and b/logo.png differ
`);
  expect(patch.files.map(({ path, oldPath, change }) => [path, oldPath, change])).toEqual([
    ['new.c', undefined, 'new'],
    ['gone.c', undefined, 'deleted'],
    ['better name.c', 'old name.c', 'renamed'],
    ['away.c', 'moved.c', 'renamed'],
    ['run.sh', undefined, 'modified'],
    ['logo.png', undefined, 'binary'],
  ]);
  expect(changesOf(patch)).toEqual(['+int one;', '+int two;', '-int three;', '-int four;', '+int five;']);
  expect(patch.damage).toEqual([]);
});

test('removed lines that look like headers and signatures stay in their hunk', () => {
  const [patch, ...others] = patchesOf(`--- a/notes
+++ b/notes
@@ -1,4 +1,3 @@
 first
--- a/decoy
--
-- 
+++ b/decoy
+last
`);
  expect(others).toEqual([]);
  expect(patch.files).toHaveLength(1);
  expect(patch.files[0].hunks[0].lines.map(({ kind, text }) => [kind, text])).toEqual([
    ['context', 'first'],
    ['removed', '-- a/decoy'],
    ['removed', '-'],
    ['removed', '- '],
    ['added', '++ b/decoy'],
    ['added', 'last'],
  ]);
});

test('several patches in a mail: by depth, by commit message, by the same file again', () => {
  const mail = `${quote(PLAIN_PATCH, '> > ')}>
> Rather like this:
>
${quote(PLAIN_PATCH, '> ')}
Or this:

---
${PLAIN_PATCH}
No, this:

${PLAIN_PATCH}`;
  const patches = patchesOf(mail);
  expect(patches.map(({ depth }) => depth)).toEqual([2, 1, 0, 0]);
  for (const patch of patches) expect(changesOf(patch)).toEqual(PLAIN_CHANGES);
});

test('a hunk without any file header is read, and said to be so', () => {
  const [patch] = patchesOf(PLAIN_PATCH.split('\n').slice(4).join('\n'));
  expect(patch.files[0].path).toBeUndefined();
  expect(patch.damage.map(({ kind }) => kind)).toEqual(['no-file-header']);
  expect(changesOf(patch)).toEqual(PLAIN_CHANGES);
});

test('changed lines beyond the counts of the header are kept', () => {
  const edited = PLAIN_PATCH.replace('+\tsmp_wmb();\n', '+\tsmp_wmb();\n+\tcpu_relax();\n');
  const [patch] = patchesOf(edited);
  expect(changesOf(patch)).toContain('+cpu_relax();');
});

test('a diffstat that says something else is noted', () => {
  const stat = ' fs/lantern/wick.c | 7 ++++---\n 1 file changed, 5 insertions(+), 2 deletions(-)\n\n';
  const [patch] = patchesOf(`${stat}${PLAIN_PATCH}`);
  expect(patch.damage.map(({ kind, text }) => [kind, text])).toEqual([
    ['diffstat-differs', 'the diffstat says +5 -2 in 1 file; the mail has +4 -2 in 1 file'],
  ]);
});
