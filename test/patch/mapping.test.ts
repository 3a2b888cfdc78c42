import { expect, test } from 'vitest';
import { mapPatch, type HunkMapping } from '../../src/patch/mapping.ts';
import { defineSiteRule, type SiteRule } from '../../src/patch/rule.ts';
import { defineSite } from '../../src/program/site.ts';
import { patchesOf, stripBlanks } from './fixtures.ts';

const before = defineSite({
  name: 'trim-before',
  fn: 'trim',
  doc: '',
  options: ['none', 'smp_wmb()', 'smp_mb()'],
});
const after = defineSite({
  name: 'trim-after',
  fn: 'trim',
  doc: '',
  options: ['none', 'smp_wmb()', 'smp_mb()'],
});
const read = defineSite({
  name: 'peek-read',
  fn: 'peek',
  doc: '',
  options: ['locked', 'plain', 'READ_ONCE', 'smp_mb+plain'],
});

const fences = [
  { option: 'smp_mb()', code: [/\bsmp_mb\(\)/] },
  { option: 'smp_wmb()', code: [/\bsmp_wmb\(\)/] },
];
const TRIMMED = /lantern->trims\+\+/;
const ANY_FENCE = /\bsmp_\w*mb\w*\(/;
const PLAIN = /(?<!READ_ONCE\()lantern->trims\b/;

const rules: SiteRule[] = [
  defineSiteRule({
    site: before,
    functions: ['trim'],
    landmarks: [TRIMMED],
    place: { below: [], above: [TRIMMED] },
    options: fences,
    otherwise: 'none',
    claims: ANY_FENCE,
    doc: '',
  }),
  defineSiteRule({
    site: after,
    functions: ['trim'],
    landmarks: [TRIMMED],
    place: { below: [TRIMMED, /relight\(/], above: [/relight\(/] },
    options: fences,
    otherwise: 'none',
    claims: ANY_FENCE,
    doc: '',
  }),
  defineSiteRule({
    site: read,
    functions: ['peek', 'old_peek'],
    options: [
      { option: 'locked', code: [/\bspin_lock\(/, PLAIN, /\bspin_unlock\(/] },
      { option: 'smp_mb+plain', code: [/\bsmp_mb\(\)/, PLAIN] },
      { option: 'READ_ONCE', code: [/READ_ONCE\(lantern->trims\)/], without: ANY_FENCE },
      { option: 'plain', code: [PLAIN], without: ANY_FENCE },
    ],
    doc: '',
  }),
];

/** A patch of one file, with one hunk for each heading and body. */
function patch(...hunks: [heading: string, body: string][]): string {
  const printed = hunks.map(([heading, body]) => {
    const lines = body.replace(/\n$/, '').split('\n');
    const count = (sign: string) => lines.filter((line) => !line.startsWith(sign)).length;
    return `@@ -1,${count('+')} +1,${count('-')} @@ ${heading}\n${lines.join('\n')}\n`;
  });
  return `--- a/fs/lantern.c\n+++ b/fs/lantern.c\n${printed.join('')}`;
}

const reversed = (text: string): string =>
  text
    .replaceAll(/^[-+](?!\+\+ |-- )/gm, (sign) => (sign === '+' ? '-' : '+'))
    .replaceAll(/^@@ -(\S+) \+(\S+)/gm, '@@ -$2 +$1');

function mapped(text: string): HunkMapping[] {
  return mapPatch(patchesOf(text)[0].files, rules).flatMap(({ hunks }) => hunks);
}

const brief = ({ changes }: HunkMapping) =>
  changes.map(({ site, from, to }) => `${site.name}: ${from ?? '?'} -> ${to}`);

const TRIM = 'static void trim(struct lantern *lantern)';
const added = (fence: string): string => ` {\n 	lantern->trims++;\n+	${fence};\n 	relight(lantern);\n`;

test.each([
  ['smp_mb()', 'smp_mb()'],
  ['smp_wmb()', 'smp_wmb()'],
])('an added fence %s, and the same one removed', (fence, option) => {
  const text = patch([TRIM, added(fence)]);
  expect(brief(mapped(text)[0])).toEqual([`trim-after: ? -> ${option}`]);
  const [back] = mapped(reversed(text));
  expect(brief(back)).toEqual([`trim-after: ${option} -> none`]);
  expect(back.changes[0].byAbsence).toBe(true);
  expect(back.changes[0].evidence).toEqual([{ line: 6, sign: '-', text: `${fence};`, through: undefined }]);
});

test('the anchor decides on which side of it a fence stands', () => {
  const text = patch([TRIM, ' {\n+	smp_mb();\n 	lantern->trims++;\n 	relight(lantern);\n']);
  expect(brief(mapped(text)[0])).toEqual(['trim-before: ? -> smp_mb()']);
});

test('without the anchor, what comes later tells', () => {
  const text = patch([TRIM, ' \n-	smp_mb();\n+	smp_wmb();\n 	relight(lantern);\n 	return;\n']);
  expect(brief(mapped(text)[0])).toEqual(['trim-after: smp_mb() -> smp_wmb()']);
});

test('a fence that moves over the anchor changes both sites', () => {
  const text = patch([TRIM, '-	smp_mb();\n 	lantern->trims++;\n+	smp_mb();\n 	relight(lantern);\n']);
  expect(brief(mapped(text)[0])).toEqual(['trim-before: smp_mb() -> none', 'trim-after: ? -> smp_mb()']);
  const moved = patch([
    TRIM,
    '+	lantern->trims++;\n 	smp_mb();\n-	lantern->trims++;\n 	relight(lantern);\n',
  ]);
  expect(brief(mapped(moved)[0])).toEqual(['trim-before: smp_mb() -> none', 'trim-after: ? -> smp_mb()']);
});

test('a fence that no option describes is named', () => {
  const [hunk] = mapped(patch([TRIM, added('smp_rmb()')]));
  expect(hunk.changes).toEqual([]);
  expect(hunk.unmapped).toEqual({
    kind: 'no-option',
    reason: 'site trim-after has no option for +smp_rmb(); (it has none, smp_wmb(), smp_mb())',
    line: 6,
  });
});

test('a fence in a comment is none', () => {
  const text = patch([TRIM, ' 	lantern->trims++;\n+	/* smp_mb(); */\n 	relight(lantern);\n']);
  expect(mapped(text)[0].unmapped).toMatchObject({
    kind: 'comment',
    reason: 'comment or documentation only',
  });
});

const UNLOCK = ` 	int trims;
 
-	spin_lock(&lantern->lock);
-	trims = lantern->trims;
-	spin_unlock(&lantern->lock);
+	trims = READ_ONCE(lantern->trims);
 	return trims;
`;

test('a lock that goes, under every name of the function', () => {
  for (const name of ['peek', 'old_peek']) {
    const [hunk] = mapped(patch([`int ${name}(struct lantern *lantern)`, UNLOCK]));
    expect(brief(hunk)).toEqual(['peek-read: locked -> READ_ONCE']);
    expect(hunk.changes[0].fn).toBe(name);
    expect(hunk.changes[0].evidence.map(({ sign, line }) => `${sign}${line}`)).toEqual([
      '-6',
      '-7',
      '-8',
      '+9',
    ]);
  }
});

test('code that is gone without anything that an option describes', () => {
  const gone = UNLOCK.replace('READ_ONCE(lantern->trims)', 'atomic_read(&lantern->count)');
  const [hunk] = mapped(patch(['int peek(struct lantern *lantern)', gone]));
  expect(hunk.unmapped).toMatchObject({
    kind: 'no-option',
    reason: 'site peek-read: locked is gone, and no option describes what is left',
  });
});

const HELPER = ` }
 
+static inline bool has_trims(struct lantern *lantern)
+{
+	/* Pairs with trim(). */
+	smp_mb();
+	return lantern->trims;
+}
+
 static int next_function(void)
 {
`;

test.each<[string, (text: string) => string]>([
  ['intact', (text) => text],
  ['stripped', stripBlanks],
])('a call of an added helper has the effect of its body: %s', (_, spoil) => {
  const call =
    ' 	int x;\n \n-	if (READ_ONCE(lantern->trims))\n+	if (has_trims(lantern))\n 		return 1;\n';
  const text = spoil(patch(['static void first(void)', HELPER], ['int peek(struct lantern *lantern)', call]));
  const [helper, user] = mapped(text);
  expect(helper.unmapped).toMatchObject({ kind: 'helper', line: 6 });
  expect(helper.functions).toEqual(['has_trims']);
  expect(brief(user)).toEqual(['peek-read: READ_ONCE -> smp_mb+plain']);
  expect(user.changes[0].evidence.map(({ line, through }) => [line, through])).toEqual([
    [18, undefined],
    [9, 'has_trims'],
    [10, 'has_trims'],
  ]);
  const back = mapped(reversed(text));
  expect(back.map(({ unmapped }) => unmapped?.kind)).toEqual(['helper', undefined]);
  expect(brief(back[1])).toEqual(['peek-read: smp_mb+plain -> READ_ONCE']);
});

test('the function of a hunk: its header names the one before, its lines know better', () => {
  const text = patch([
    'static void other(void)',
    ` }\n \n void trim(struct lantern *lantern)\n${added('smp_mb()')}`,
  ]);
  expect(brief(mapped(text)[0])).toEqual(['trim-after: ? -> smp_mb()']);
  const elsewhere = patch([TRIM, ` }\n \n void grow(struct lantern *lantern)\n${added('smp_mb()')}`]);
  expect(mapped(elsewhere)[0].unmapped).toMatchObject({
    kind: 'no-site',
    reason: 'touches no modelled site (grow)',
  });
});

test('a landmark stands in for a missing header', () => {
  expect(brief(mapped(patch(['', added('smp_mb()')]))[0])).toEqual(['trim-after: ? -> smp_mb()']);
});

test('what could not be mapped has a reason', () => {
  const reason = (text: string) => mapped(text)[0].unmapped;
  expect(reason(patch([TRIM, ' 	a();\n-	b();\n+	c();\n']))).toEqual({
    kind: 'no-rule',
    reason: 'no rule matches: -b();',
    line: 5,
  });
  expect(reason(patch([TRIM, ' 	a();\n-	b();\n+    b();\n']))).toMatchObject({
    kind: 'blanks',
    reason: 'blanks only',
  });
  expect(reason(patch(['struct lantern {', ' 	int a;\n+	int b;\n']))).toMatchObject({
    kind: 'no-site',
    reason: 'touches no modelled site',
  });
  const documented = patch([TRIM, added('smp_mb()')]).replaceAll('fs/lantern.c', 'Documentation/lantern.rst');
  expect(reason(documented)).toMatchObject({ kind: 'documentation', reason: 'documentation only' });
});

test('a rule cannot name an option that its site lacks', () => {
  expect(() =>
    defineSiteRule({ site: read, functions: ['peek'], options: [{ option: 'rcu', code: [] }], doc: '' }),
  ).toThrow(expect.objectContaining({ code: 'unknown-option' }));
});
