import { defineSiteRule, type SiteRule } from 'fencepost';
import {
  accountShadowedAfterIncrement,
  accountShadowedBeforeIncrement,
  reexecuteRead,
  trackWriteBeforeGate,
  trackWriteGateRead,
} from './sites/index.ts';

// P01, the gate of emulated writes: a patch and its reverse are read by the same rules.

const INCREMENT = /indirect_shadow_pages(\+\+| \+= 1)|(\+\+|atomic_(long_)?inc\w*\(&).*indirect_shadow_pages/;
const PLAIN_READ = /(?<!\b(READ_ONCE|atomic\w*|smp_load_acquire)\([^)]*)arch\.indirect_shadow_pages\b/;
const READ_ONCE = /READ_ONCE\([^)]*arch\.indirect_shadow_pages\)/;
/** Only the gate leaves when there are none. */
const GATE = /if \(!.*arch\.indirect_shadow_pages\b/;
const FULL_FENCE = /\bsmp_mb\(\)/;
const WRITE_FENCE = /\bsmp_wmb\(\)/;
/** Anything that orders memory, whether a site has an option for it or not. */
const ANY_FENCE = /\b(smp_\w*mb\w*|smp_store_\w+|smp_load_\w+|mb|rmb|wmb|barrier)\(/;

const TRACK_WRITE = ['kvm_mmu_track_write', 'kvm_mmu_pte_write'];
const FENCES = [
  { option: 'smp_mb()', code: [FULL_FENCE] },
  { option: 'smp_wmb()', code: [WRITE_FENCE] },
];
/** What account_shadowed() does after the increment. */
const AFTER_INCREMENT = [
  /\bgfn = sp->gfn/,
  /slots = kvm_memslots_for_spte_role\(/,
  /slot = __gfn_to_memslot\(/,
];

export const patchRules: readonly SiteRule[] = [
  defineSiteRule({
    site: trackWriteBeforeGate,
    functions: TRACK_WRITE,
    landmarks: [GATE],
    place: {
      below: [/\bLIST_HEAD\(invalid_list\)/, /\bbool flush = false/],
      above: [/arch\.indirect_shadow_pages\b/],
    },
    options: [{ option: 'smp_mb()', code: [FULL_FENCE] }],
    otherwise: 'none',
    claims: ANY_FENCE,
    doc: 'a fence above the read of indirect_shadow_pages',
  }),
  defineSiteRule({
    site: trackWriteBeforeGate,
    functions: ['kvm_page_track_write'],
    options: [
      { option: 'none', code: [/\bkvm_mmu_track_write\(/] },
      { option: 'srcu_read_lock()', code: [/\bsrcu_read_lock\(/] },
    ],
    otherwise: 'none',
    doc: 'the page-track notifier list: its SRCU section is a full fence on x86, a direct call (6.6) is none',
  }),
  defineSiteRule({
    site: trackWriteGateRead,
    functions: TRACK_WRITE,
    landmarks: [GATE],
    options: [
      { option: 'READ_ONCE', code: [READ_ONCE] },
      { option: 'plain', code: [PLAIN_READ] },
    ],
    claims: /arch\.indirect_shadow_pages\b/,
    doc: 'how indirect_shadow_pages is read before mmu_lock is taken',
  }),
  defineSiteRule({
    site: accountShadowedBeforeIncrement,
    functions: ['account_shadowed'],
    landmarks: [INCREMENT],
    place: { below: [/^gfn_t gfn;/], above: [INCREMENT] },
    options: FENCES,
    otherwise: 'none',
    claims: ANY_FENCE,
    doc: 'a fence above indirect_shadow_pages++ (v2 of the fix put it there, where it does nothing)',
  }),
  defineSiteRule({
    site: accountShadowedAfterIncrement,
    functions: ['account_shadowed'],
    landmarks: [INCREMENT],
    place: { below: [INCREMENT, ...AFTER_INCREMENT], above: AFTER_INCREMENT },
    options: FENCES,
    otherwise: 'none',
    claims: ANY_FENCE,
    doc: 'a fence between indirect_shadow_pages++ and the re-read of the guest PTE',
  }),
  defineSiteRule({
    site: reexecuteRead,
    functions: ['reexecute_instruction', '__kvm_mmu_unprotect_gfn_and_retry'],
    options: [
      { option: 'locked', code: [/\bwrite_lock\(.*mmu_lock\)/, PLAIN_READ, /\bwrite_unlock\(.*mmu_lock\)/] },
      { option: 'smp_mb+plain', code: [FULL_FENCE, PLAIN_READ] },
      { option: 'READ_ONCE', code: [READ_ONCE], without: ANY_FENCE },
      { option: 'plain', code: [PLAIN_READ], without: ANY_FENCE },
    ],
    claims: ANY_FENCE,
    doc: 'how the heuristic reads indirect_shadow_pages',
  }),
];
