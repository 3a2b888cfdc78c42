import fc from 'fast-check';
import { expect, test } from 'vitest';
import { patchRules } from '../../models/patch-rules.ts';
import { changedProposal } from '../../src/patch/changed-proposal.ts';
import { readMail } from '../../src/patch/report.ts';
import { FencepostError } from '../../src/program/error.ts';
import { PLAIN_PATCH, quote, quoteTrimmed, stripBlanks } from './fixtures.ts';

const KNOWN = ['no-patch', 'not-text', 'truncated-patch', 'conflicting-changes'];

/** A report, or an error that says what to do; nothing else, whatever comes in. */
function survives(text: string): void {
  try {
    const { patches } = readMail(text, 'fuzz.txt', patchRules);
    expect(patches.length).toBeGreaterThan(0);
    for (const { changes, files } of patches) {
      changedProposal({ name: 'base', doc: '', choices: {} }, changes);
      for (const { hunks } of files) {
        for (const { changes: found, unmapped } of hunks)
          expect(found.length > 0 || unmapped !== undefined).toBe(true);
      }
    }
  } catch (error) {
    if (!(error instanceof FencepostError)) throw error;
    expect(KNOWN).toContain(error.code);
    expect(error.hint).toBeDefined();
  }
}

const GATE_PATCH = `diff --git a/arch/x86/kvm/mmu/mmu.c b/arch/x86/kvm/mmu/mmu.c
--- a/arch/x86/kvm/mmu/mmu.c
+++ b/arch/x86/kvm/mmu/mmu.c
@@ -830,6 +830,9 @@ static void account_shadowed(struct kvm *kvm, struct kvm_mmu_page *sp)
 	gfn_t gfn;
 
 	kvm->arch.indirect_shadow_pages++;
+	/* Ordered. */
+	smp_mb();
+
 	gfn = sp->gfn;
 	slots = kvm_memslots_for_spte_role(kvm, sp->role);
 	slot = __gfn_to_memslot(slots, gfn);
@@ -5692,7 +5695,7 @@ static void kvm_mmu_pte_write(struct kvm_vcpu *vcpu, gpa_t gpa,
 	 * write-protected, so we can exit simply.
 	 */
-	if (!READ_ONCE(vcpu->kvm->arch.indirect_shadow_pages))
+	if (!vcpu->kvm->arch.indirect_shadow_pages)
 		return;
 
 	pgprintk("gpa");
`;
const MAIL = `Subject: Re: [PATCH] lantern
From: a@example.com

${quote(stripBlanks(PLAIN_PATCH), '> > ')}> > -- 
> > 2.40.1
>
> I think
> this.
>
${quoteTrimmed(GATE_PATCH)}
Or:

 2 files changed, 7 insertions(+), 3 deletions(-)

${GATE_PATCH}${PLAIN_PATCH}
base-commit: 0123456789abcdef0123456789abcdef01234567
-- 
2.40.1
`;

test('the mail as it is', () => {
  const { patches } = readMail(MAIL, 'fuzz.txt', patchRules);
  expect(patches.map(({ changes }) => changes.length)).toEqual([0, 2, 2]);
});

test('any bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => survives(Buffer.from(bytes).toString('utf8'))),
    { numRuns: 300 },
  );
});

const pieces = fc.constantFrom(
  ...[
    '> ',
    '>',
    '@@ -1,3 +1,4 @@ int f(',
    '@@ -1 +1 @@',
    '@@ -0,0 +999999999,999999999 @@',
    '@@@ -1 -1 +1 @@@',
  ],
  ...[
    'diff --git a/x b/x',
    'diff --git ',
    '--- a/x',
    '+++ b/x',
    '+++ ',
    '--- ',
    '---',
    '-- ',
    '--',
    '2.40.1',
  ],
  ...[
    '+smp_mb();',
    '-/*',
    '+*/',
    ' }',
    '{',
    '"',
    '+"',
    '\\ No newline',
    '+static int f(int x)',
    '+{',
    '+f(f(f(',
    ' * x',
  ],
  ...[
    'rename to ',
    'index ',
    'new file mode 100644',
    'Subject: ',
    ' folded',
    'Content-Transfer-Encoding: base64',
    '',
    ' ',
  ],
  ...['+	kvm->arch.indirect_shadow_pages++;', 'From a Mon Sep 17 00:00:00 2001', '🦊', '=3D='],
);

test('any heap of the pieces that mails are made of', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom('', '', '> ', '> > '), pieces), { maxLength: 40 }),
      (lines) => survives(lines.map(([mark, piece]) => mark + piece).join('\n')),
    ),
    { numRuns: 1500 },
  );
});

test('a mail cut anywhere', () => {
  for (let end = 0; end < MAIL.length; end += 3) survives(MAIL.slice(0, end));
});

test('a mail with lines lost, doubled, exchanged or changed', () => {
  const count = MAIL.split('\n').length;
  const at = fc.nat(count - 1);
  const mutation = fc.tuple(
    fc.constantFrom('drop', 'double', 'exchange', 'replace', 'prefix'),
    at,
    at,
    pieces,
  );
  fc.assert(
    fc.property(fc.array(mutation, { minLength: 1, maxLength: 12 }), (mutations) => {
      const lines = MAIL.split('\n');
      for (const [how, i, j, piece] of mutations) {
        if (how === 'drop') lines.splice(i, 1);
        else if (how === 'double') lines.splice(i, 0, lines[i] ?? '');
        else if (how === 'exchange') [lines[i], lines[j]] = [lines[j] ?? '', lines[i] ?? ''];
        else lines[i] = how === 'replace' ? piece : piece + (lines[i] ?? '');
      }
      survives(lines.join('\n'));
    }),
    { numRuns: 600 },
  );
});

test('large inputs take no time to speak of', () => {
  const lines = Array.from({ length: 20_000 }, (_, i) => `+	call_${i % 50}(smp_mb(), "x", /* y */ ${i});`);
  survives(`--- a/x\n+++ b/x\n@@ -0,0 +1,20000 @@\n${lines.join('\n')}\n`);
  survives(`@@ -1 +1 @@\n+${'('.repeat(100_000)}\n-${' '.repeat(100_000)}x\n`);
  survives(`${'>'.repeat(50_000)}\n${'> '.repeat(50_000)}\n`);
}, 20_000);
