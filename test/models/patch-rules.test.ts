import { describe, expect, test } from 'vitest';
import { patchRules } from '../../models/patch-rules.ts';
import { readMail } from '../../src/patch/report.ts';

/** `site: from -> to` for each change of a patch with one hunk. */
function changes(heading: string, body: string): string[] {
  const lines = body.replace(/\n$/, '').split('\n');
  const count = (sign: string) => lines.filter((line) => !line.startsWith(sign)).length;
  const header = `--- a/arch/x86/kvm/mmu/mmu.c\n+++ b/arch/x86/kvm/mmu/mmu.c\n@@ -9,${count('+')} +9,${count('-')} @@ ${heading}\n`;
  const [patch] = readMail(`${header}${lines.join('\n')}\n`, 'test.patch', patchRules).patches;
  const reasons = patch.files[0].hunks.flatMap(({ unmapped }) =>
    unmapped === undefined ? [] : [unmapped.reason],
  );
  return [...patch.changes.map(({ site, from, to }) => `${site.name}: ${from ?? '?'} -> ${to}`), ...reasons];
}

const reversed = (body: string): string => body.replaceAll(/^[-+]/gm, (sign) => (sign === '+' ? '-' : '+'));

const ACCOUNT = 'static void account_shadowed(struct kvm *kvm, struct kvm_mmu_page *sp)';

describe('a fence at indirect_shadow_pages++', () => {
  const after = (fence: string) => ` 	gfn_t gfn;
 
 	kvm->arch.indirect_shadow_pages++;
+	/* Any comment with smp_mb() in it. */
+	${fence};
 	gfn = sp->gfn;
 	slots = kvm_memslots_for_spte_role(kvm, sp->role);
`;
  const before = (fence: string) => ` 	gfn_t gfn;
 
+	${fence};
 	kvm->arch.indirect_shadow_pages++;
 	gfn = sp->gfn;
 	slots = kvm_memslots_for_spte_role(kvm, sp->role);
`;

  test.each(['smp_mb()', 'smp_wmb()'])('%s added and removed, behind and before', (fence) => {
    expect(changes(ACCOUNT, after(fence))).toEqual([`account-shadowed-after-increment: ? -> ${fence}`]);
    expect(changes(ACCOUNT, reversed(after(fence)))).toEqual([
      `account-shadowed-after-increment: ${fence} -> none`,
    ]);
    expect(changes(ACCOUNT, before(fence))).toEqual([`account-shadowed-before-increment: ? -> ${fence}`]);
    expect(changes(ACCOUNT, reversed(before(fence)))).toEqual([
      `account-shadowed-before-increment: ${fence} -> none`,
    ]);
  });

  test.each(['smp_rmb()', 'barrier()', 'smp_mb__after_atomic()'])(
    '%s has no option, and is named',
    (fence) => {
      const options = '(it has none, smp_wmb(), smp_mb())';
      expect(changes(ACCOUNT, after(fence))).toEqual([
        `site account-shadowed-after-increment has no option for +${fence}; ${options}`,
      ]);
      expect(changes(ACCOUNT, before(fence))).toEqual([
        `site account-shadowed-before-increment has no option for +${fence}; ${options}`,
      ]);
    },
  );

  test('weakened, with only what follows it in sight', () => {
    const body =
      ' 	 */\n-	smp_mb();\n+	smp_wmb();\n \n 	gfn = sp->gfn;\n 	slots = kvm_memslots_for_spte_role(kvm, sp->role);\n';
    expect(changes(ACCOUNT, body)).toEqual(['account-shadowed-after-increment: smp_mb() -> smp_wmb()']);
  });

  test('moved before the increment', () => {
    const body =
      ' 	gfn_t gfn;\n \n+	smp_mb();\n 	kvm->arch.indirect_shadow_pages++;\n-	smp_mb();\n 	gfn = sp->gfn;\n';
    expect(changes(ACCOUNT, body)).toEqual([
      'account-shadowed-before-increment: ? -> smp_mb()',
      'account-shadowed-after-increment: smp_mb() -> none',
    ]);
  });

  test('unaccount_shadowed() is another function', () => {
    const body = ' 	gfn_t gfn;\n \n 	kvm->arch.indirect_shadow_pages--;\n+	smp_mb();\n 	gfn = sp->gfn;\n';
    expect(changes('static void unaccount_shadowed(struct kvm *kvm,', body)).toEqual([
      'touches no modelled site (unaccount_shadowed)',
    ]);
  });
});

describe.each(['kvm_mmu_track_write', 'kvm_mmu_pte_write'])('the gate in %s()', (name) => {
  const heading = `void ${name}(struct kvm_vcpu *vcpu, gpa_t gpa, const u8 *new,`;

  test('the mark of the read', () => {
    const body = ` 	bool flush = false;
 
-	if (!READ_ONCE(vcpu->kvm->arch.indirect_shadow_pages))
+	if (!vcpu->kvm->arch.indirect_shadow_pages)
 		return;
`;
    expect(changes(heading, body)).toEqual(['track-write-gate-read: READ_ONCE -> plain']);
    expect(changes(heading, reversed(body))).toEqual(['track-write-gate-read: plain -> READ_ONCE']);
    expect(changes('', body)).toEqual(['track-write-gate-read: READ_ONCE -> plain']);
  });

  test('the fence above it, with the mark or alone', () => {
    const both = ` 	bool flush = false;
 
-	if (!READ_ONCE(vcpu->kvm->arch.indirect_shadow_pages))
+	smp_mb();
+	if (!vcpu->kvm->arch.indirect_shadow_pages)
 		return;
`;
    expect(changes(heading, both)).toEqual([
      'track-write-before-gate: ? -> smp_mb()',
      'track-write-gate-read: READ_ONCE -> plain',
    ]);
    expect(changes(heading, reversed(both))).toEqual([
      'track-write-before-gate: smp_mb() -> none',
      'track-write-gate-read: plain -> READ_ONCE',
    ]);
    const alone =
      ' 	bool flush = false;\n \n-	smp_mb();\n 	if (!vcpu->kvm->arch.indirect_shadow_pages)\n 		return;\n';
    expect(changes(heading, alone)).toEqual(['track-write-before-gate: smp_mb() -> none']);
  });

  test('a read over two lines', () => {
    const body = ` 	bool flush = false;
 
-	if (!vcpu->kvm->arch.indirect_shadow_pages)
+	if (!READ_ONCE(
+			vcpu->kvm->arch.indirect_shadow_pages))
 		return;
`;
    expect(changes(heading, body)).toEqual(['track-write-gate-read: plain -> READ_ONCE']);
  });

  test('what no option describes is named', () => {
    const weaker =
      ' 	bool flush = false;\n \n-	smp_mb();\n+	smp_rmb();\n 	if (!vcpu->kvm->arch.indirect_shadow_pages)\n 		return;\n';
    expect(changes(heading, weaker)).toEqual([
      'track-write-before-gate: smp_mb() -> none',
      expect.stringContaining('track-write-before-gate has no option for +smp_rmb();'),
    ]);
    const atomic =
      ' 	bool flush = false;\n \n-	if (!vcpu->kvm->arch.indirect_shadow_pages)\n+	if (!atomic_read(&vcpu->kvm->arch.indirect_shadow_pages))\n 		return;\n';
    expect(changes(heading, atomic)).toEqual([
      expect.stringContaining('track-write-gate-read: plain is gone, and no option describes what is left'),
    ]);
  });

  test('a fence behind the gate is not before it', () => {
    const body =
      ' 	if (!vcpu->kvm->arch.indirect_shadow_pages)\n 		return;\n \n+	smp_mb();\n 	write_lock(&vcpu->kvm->mmu_lock);\n';
    expect(changes(heading, body)).toEqual(['no rule matches: +smp_mb();']);
  });
});

test('the page-track list: its SRCU section goes', () => {
  const body = ` 	head = &vcpu->kvm->arch.track_notifier_head;
 
-	idx = srcu_read_lock(&head->track_srcu);
+	kvm_mmu_track_write(vcpu, gpa, new, bytes);
 	return;
`;
  expect(changes('void kvm_page_track_write(struct kvm_vcpu *vcpu, gpa_t gpa, const u8 *new,', body)).toEqual(
    ['track-write-before-gate: srcu_read_lock() -> none'],
  );
});

describe('reexecute_instruction()', () => {
  const heading = 'static bool reexecute_instruction(struct kvm_vcpu *vcpu, gpa_t cr2_or_gpa,';
  const unlocked = (read: string) => ` 	if (vcpu->arch.mmu->root_role.direct) {
-		unsigned int indirect_shadow_pages;
-
-		write_lock(&vcpu->kvm->mmu_lock);
-		indirect_shadow_pages = vcpu->kvm->arch.indirect_shadow_pages;
-		write_unlock(&vcpu->kvm->mmu_lock);
-
-		if (indirect_shadow_pages)
+${read}
 			kvm_mmu_unprotect_page(vcpu->kvm, gpa_to_gfn(gpa));
`;
  test.each([
    ['		if (READ_ONCE(vcpu->kvm->arch.indirect_shadow_pages))', 'READ_ONCE'],
    ['		if (vcpu->kvm->arch.indirect_shadow_pages)', 'plain'],
    ['		smp_mb();\n+		if (vcpu->kvm->arch.indirect_shadow_pages)', 'smp_mb+plain'],
  ])('%j', (read, option) => {
    expect(changes(heading, unlocked(read))).toEqual([`reexecute-read: locked -> ${option}`]);
    expect(changes(heading, reversed(unlocked(read)))).toEqual([`reexecute-read: ${option} -> locked`]);
  });

  test('a fence that none of its options has', () => {
    const body = unlocked('		smp_mb();\n+		if (READ_ONCE(vcpu->kvm->arch.indirect_shadow_pages))');
    expect(changes(heading, body)[0]).toContain('no option describes what is left');
  });
});
