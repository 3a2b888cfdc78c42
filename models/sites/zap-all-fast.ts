/** Zapping all shadow pages at once (KVM-MMU.md A12; P12, P13). */
import { defineSite } from 'fencepost';

export const zapAllRequest = defineSite({
  name: 'zap-all-request',
  fn: 'kvm_mmu_zap_all_fast',
  doc:
    'Where KVM_REQ_MMU_FREE_OBSOLETE_ROOTS is made: behind the new mmu_valid_gen, in the same section of mmu_lock or in the ' +
    'next one; before it; or nowhere.',
  options: ['behind the generation', 'in the next section', 'before the generation', 'nowhere'],
});

export const findObsolete = defineSite({
  name: 'find-obsolete',
  fn: 'kvm_mmu_find_shadow_page',
  doc: 'What becomes of an obsolete page in the wanted role that the hash still holds: for_each_valid_sp() passes over it.',
  options: ['pass over', 'take'],
});

export const reloadLook = defineSite({
  name: 'reload-look',
  fn: 'kvm_mmu_reload',
  doc: 'Whether KVM_REQ_MMU_FREE_OBSOLETE_ROOTS is looked at once more where a root is about to be loaded.',
  options: ['look', 'skip'],
});
