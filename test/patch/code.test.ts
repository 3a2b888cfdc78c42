import { describe, expect, test } from 'vitest';
import { definedFunction, sameCode, statementsOf, withoutComments } from '../../src/patch/code.ts';
import { patchesOf, stripBlanks } from './fixtures.ts';

function hunk(body: string, heading = '') {
  const lines = body.replace(/\n$/, '').split('\n');
  const count = (sign: string) => lines.filter((line) => !line.startsWith(sign)).length;
  return patchesOf(`@@ -1,${count('+')} +1,${count('-')} @@ ${heading}\n${lines.join('\n')}\n`)[0].files[0]
    .hunks[0];
}

describe('the function that a line defines', () => {
  test.each([
    ['static bool lit(struct lantern *lantern)', 'lit'],
    ['void *wick(void)', 'wick'],
    ['static struct lantern *get_lantern(struct house *house,', 'get_lantern'],
    ['static bool FNAME(gpte_changed)(struct kvm_vcpu *vcpu,', 'FNAME(gpte_changed)'],
    ['static int one_line(void) { return 1; }', 'one_line'],
  ])('%s', (text, name) => expect(definedFunction(text, false)).toBe(name));

  test.each([
    'lantern_trim(lantern, 3);',
    'return lit(lantern)',
    'else if (lit(lantern))',
    'if (lit(lantern) &&',
    'struct lantern *lantern = get_lantern(house,',
    'bool lit(struct lantern *lantern);',
    'EXPORT_SYMBOL_GPL(lit);',
    'struct lantern {',
    '',
  ])('none: %j', (text) => expect(definedFunction(text, false)).toBeUndefined());

  test('a heading may lack the type', () => {
    expect(definedFunction('lit(struct lantern *lantern)', true)).toBe('lit');
    expect(definedFunction('EXPORT_SYMBOL_GPL(lit);', true)).toBeUndefined();
  });
});

test('comments go, also those whose ends are not shown', () => {
  expect(withoutComments(['a(); /* b(); */ c();', '/* d();', ' * e();', '*/ f();', 'g(); // h();'])).toEqual([
    'a();   c();',
    ' ',
    '',
    ' f();',
    'g(); ',
  ]);
  expect(withoutComments(['smp_mb() pairs with it.', ' */', 'a();'])).toEqual(['', '', 'a();']);
  expect(withoutComments([' * smp_mb() pairs with it.', '*p = 1;'])).toEqual(['', '*p = 1;']);
  expect(withoutComments(['printk("/* no comment"); a();'])).toEqual(['printk(""); a();']);
});

describe('statements', () => {
  const body = ` 	if (first(a,
-		  b))
+		  c))
 		return;
 }
 
+static bool second(void)
+{
+	return smp_load_acquire(&x); }
 static void third(void)
 {
-	a(); b();
`;
  test('each side has its own; expressions are in one piece; definitions change the function', () => {
    const old = statementsOf(hunk(body, 'static void zeroth(void)'), 'old');
    expect(old.map(({ code, fn, changed }) => [code, fn, changed])).toEqual([
      ['if (first(a, b))', 'zeroth', true],
      ['return;', 'zeroth', false],
      ['}', 'zeroth', false],
      ['static void third(void)', 'third', false],
      ['{', 'third', false],
      ['a();', 'third', true],
      ['b();', 'third', true],
    ]);
    const now = statementsOf(hunk(body, 'static void zeroth(void)'), 'new');
    expect(now.filter(({ fn }) => fn === 'second').map(({ code }) => code)).toEqual([
      'static bool second(void)',
      '{',
      'return smp_load_acquire(&x);',
      '}',
    ]);
  });

  test('a closing brace in column 0 ends a function, unless the column is lost', () => {
    const after = ' }\n \n+int x;\n';
    expect(statementsOf(hunk(after, 'int f(void)'), 'new').at(-1)?.fn).toBeUndefined();
    expect(statementsOf(hunk(stripBlanks(after), 'int f(void)'), 'new').at(-1)?.fn).toBe('f');
  });
});

test('hunks that change no code', () => {
  expect(sameCode(hunk(' a();\n-/* old */\n+/* new */\n b();\n'))).toBe('comment');
  expect(sameCode(hunk(' a();\n+/*\n+ * smp_mb() is not needed.\n+ */\n b();\n'))).toBe('comment');
  expect(sameCode(hunk(' a();\n-	b();\n+    b();\n+\n'))).toBe('blank');
  expect(sameCode(hunk(' a();\n-b(x, y);\n+b(x,\n+  y);\n'))).toBe('blank');
  expect(sameCode(hunk(' a();\n-b();\n+c();\n'))).toBeUndefined();
  expect(sameCode(hunk(' a();\n-b();\n+// b();\n'))).toBeUndefined();
});
