/**
 * Kernels that zap single SPTEs by tdp_mmu_zap_spte_atomic(), which was there until v6.12 (KVM-MMU.md A15): the first, and
 * those before and after aca48556c592.
 */
export const WITH_ATOMIC_ZAP = ['v5.14', 'v6.6', 'v6.12'] as const;
