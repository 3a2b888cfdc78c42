/** What is to be known of a run of KVM when it is over: the calls, the choices, and whether a table was changed. */
import { choiceAt, type Operation as Step, type Proposal } from 'fencepost';

const STORES_SPTE = 'sp';
const STORES_ROOT = 'word of a root';
const RELEASES_PAGE = 'call_rcu()';

/** An object of the TDP MMU that is handed to RCU, or freed. */
const RELEASED = /->rcu_head$| in other hands$/;

export function noteOf(proposal: Proposal, step: Step): string | undefined {
  if (step.op === 'enter') return step.fn;
  if (step.op === 'site') return `${step.site.name}=${choiceAt(proposal, step.site)}`;
  const isStore = step.op === 'store' || step.op === 'rmw';
  if (!isStore) return undefined;
  if (RELEASED.test(step.loc.name)) return RELEASES_PAGE;
  if (step.loc.name.startsWith('root')) return STORES_ROOT;
  return step.loc.name.startsWith(STORES_SPTE) ? STORES_SPTE : undefined;
}

/** At its call the hardware gets another root. */
export const LOADS_ROOT = 'kvm_mmu_load_pgd';

/** Kernel functions at whose call the vendor module flushes. */
const FLUSHES: readonly string[] = [
  LOADS_ROOT,
  'kvm_x86_flush_tlb_all',
  'kvm_x86_flush_tlb_current',
  'kvm_x86_flush_tlb_guest',
  'kvm_x86_flush_tlb_gva',
  'vpid_sync_context',
];

export interface Effects {
  /** Functions that flush, and between them those that load a root, in their order. */
  readonly flushes: readonly string[];
  readonly storesSptes: boolean;
  /** Of a root of the TDP MMU, what is not an SPTE. */
  readonly storesRoots: boolean;
  readonly releasesPages: boolean;
}

const effects = new WeakMap<readonly string[], Effects>();

export function effectsOf(notes: readonly string[]): Effects {
  let known = effects.get(notes);
  if (known === undefined) {
    const flushes = notes.filter((note) => FLUSHES.includes(note));
    known = {
      flushes,
      storesSptes: notes.includes(STORES_SPTE),
      storesRoots: notes.includes(STORES_ROOT),
      releasesPages: notes.includes(RELEASES_PAGE),
    };
    effects.set(notes, known);
  }
  return known;
}
