import { describe, expect, it } from 'vitest';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { scenarioOf } from '../support/scenarios.ts';
import { catalogue, fencepost } from '../support/cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'fencepost-'));
const file = (name: string, content: string | Buffer): string => {
  writeFileSync(join(folder, name), content);
  return name;
};

const HUNK = `--- a/mmu.c
+++ b/mmu.c
@@ -1,4 +1,5 @@ void kvm_mmu_track_write(struct kvm_vcpu *vcpu)
 {
+	smp_mb();
`;
file('truncated.patch', HUNK);
file('a.litmus', 'C a\n{}\nP0(int *x)\n{\n}\nexists (x=1)\n');
file('includes.cat', '"includes"\ninclude "none.cat"\n');
file('letter.txt', 'Subject: hello\n\nno patch in here\n');
file('binary.bin', Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 0, 0, 1, 2, 3]));

const CASES: readonly (readonly [argv: readonly string[], message: string])[] = [
  [['chekc'], "unknown command 'chekc'"],
  [['check', '--bogus'], "unknown option '--bogus'"],
  [
    ['check', '--only', 'P05'],
    '`fencepost check` has no option --only [option-not-here]\n  hint: it is one of `fencepost regress`, `fencepost mutants`\n',
  ],
  [['regress', 'P05'], '`fencepost regress` takes no word, such as «P05» [unexpected-word]'],
  [
    ['check', 'gate-vs-falt'],
    'there is no scenario «gate-vs-falt» [unknown-scenario]\n  hint: did you mean «gate-vs-fault»?',
  ],
  [
    ['check', 'fault'],
    'there is no scenario «fault» [unknown-scenario]\n  hint: did you mean «gate-vs-fault»?',
  ],
  [['check', 'zzz'], 'hint: there are gate-vs-fault, wake-up-1, lock-order'],
  [
    ['check', '-m', 'x86'],
    'there is no memory model «x86» [unknown-memory-model]\n  hint: did you mean «x86-tso»?',
  ],
  [['check', '-m', ','], '--model takes a name, not «,» [no-name]'],
  [['regress', '--only', ''], '--only takes a name, not «» [no-name]'],
  [['check', '-m', 'sc,tos'], 'there is no memory model «tos»'],
  [['check', '-p', 'baer'], 'there is no proposal «baer» [unknown-proposal]\n  hint: did you mean «bare»?'],
  [['check', '-p', 'bare+gate'], '«gate» in proposal «bare+gate» is no choice [bad-proposal]'],
  [
    ['check', '-p', 'bare+before-gat=none'],
    'there is no site «before-gat» [unknown-site]\n  hint: did you mean «before-gate»?',
  ],
  [
    ['check', '-p', 'bare+before-gate=smp_rmb()'],
    'there is no option «smp_rmb()» [unknown-option]\n  hint: did you mean «smp_mb()»?',
  ],
  [['check', '-e', 'graf'], 'there is no engine «graf» [unknown-engine]\n  hint: did you mean «graph»?'],
  [
    ['check', '--max-executions', '0'],
    '--max-executions takes a whole number from 1 on, not «0» [bad-number]',
  ],
  [['check', '--max-time', 'soon'], '--max-time takes a time such as 30s, not «soon» [bad-time]'],
  [['check', './none.ts'], './none.ts: there is no such file [no-such-file]'],
  [['check', './letter.txt'], './letter.txt: a scenario file ends in .ts, .js or .mjs'],
  [
    ['list', '--sites', '--models'],
    'only one of --proposals, --models, --sites and --protocols can be listed',
  ],
  [['replay'], "missing required argument 'ID'"],
  [['replay', 'hello'], 'this is not a replay id [replay-malformed]'],
  [['replay', 'fp1:gate-vs-fault/bare'], 'the replay id is incomplete or damaged [replay-damaged]'],
  [['replay', 'fp1:a/b/sc:00000000:AAAA'], 'its check sum is wrong [replay-damaged]'],
  [
    ['replay', 'fp9:a/b/sc:00000000:AAAA'],
    'replay ids of the kind «fp9» are not known here [replay-version]',
  ],
  [['patch'], "missing required argument 'FILE'"],
  [['patch', 'none.patch'], 'none.patch: there is no such file [no-such-file]'],
  [
    ['patch', '.'],
    '.: this is a folder, not a file [no-such-file]\n  hint: give the mails one by one, or as one mbox',
  ],
  [['litmus', 'none.litmus'], 'none.litmus: there is no such file or folder [no-such-file]'],
  [['litmus', 'a.litmus', '--reference', 'none.jsonl'], 'none.jsonl: there is no such file [no-such-file]'],
  [['litmus', 'a.litmus', '--reference', '.'], '.: this is a folder, not a file [no-such-file]'],
  [['litmus', 'a.litmus', '--cat', 'none.cat'], 'fencepost: none.cat: there is no such file [no-such-file]'],
  [['litmus', 'a.litmus', '--cat', '.'], 'fencepost: .: this is a folder, not a file [no-such-file]'],
  [
    ['litmus', 'a.litmus', '--cat', 'includes.cat'],
    'includes.cat:2:1: there is no file "none.cat" [cat-file]',
  ],
  [['patch', 'letter.txt'], '[no-patch]'],
  [['patch', 'truncated.patch'], '[truncated-patch]'],
  [['patch', 'binary.bin'], 'this is a binary file, not a mail or a patch [not-text]'],
  [['patch', 'letter.txt', '--base', 'bear'], 'there is no proposal «bear»'],
];

describe('bad input', () => {
  it.each(CASES)('fencepost %j', async (argv, message) => {
    const { code, out, err } = await fencepost(argv, { cwd: folder });
    expect(err).toContain(message);
    expect(err.startsWith('fencepost: ')).toBe(true);
    expect(err).not.toMatch(/^\s+at /m);
    expect(out).toBe('');
    expect(code).toBe(2);
  });

  it('is told apart from errors of our own', async () => {
    const broken = scenarioOf('broken', () => {
      throw new RangeError('oops');
    });
    const scenarios = { ...catalogue, scenarios: [broken] };
    const theirs = await fencepost(['check'], { catalogue: scenarios });
    expect(theirs.err).toMatch(
      /^fencepost: scenario «broken»: its world\(\) failed: RangeError: oops \[world-failed\]/,
    );
    // No head of a table that never came.
    expect(theirs.out).toBe('');
    expect(theirs.code).toBe(2);
    const ours = await fencepost(['list'], { catalogue: { ...catalogue, scenarios: 'bug' as never } });
    expect(ours.err).toMatch(/^fencepost: internal error, please report it:\nTypeError: /);
    expect(ours.code).toBe(4);
  });
});
