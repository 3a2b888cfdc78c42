/** Mutations of the zap of all shadow pages, and of what the vCPUs do about it (KVM-MMU.md G4; P12, P13, C08, C12). */
import { mutationsOf } from './derive.ts';
import { modeOnce } from './guest-entry.ts';
import * as sites from '../sites/index.ts';

const mutate = mutationsOf(modeOnce);

export const zapAllEarlyRequest = mutate(
  'zap-all-early-request',
  'roots are asked to be freed before they are obsolete',
  [sites.zapAllRequest, 'before the generation'],
);
/** Where every root has a shadow page this makes no difference; a root without one is known as obsolete by the request alone (A4). */
export const zapAllLockDropped = mutate(
  'zap-all-lock-dropped',
  'mmu_lock is dropped between the new generation and the request',
  [sites.zapAllRequest, 'in the next section'],
);
export const zapAllNoRequest = mutate('zap-all-no-request', 'nobody asks for obsolete roots to be freed', [
  sites.zapAllRequest,
  'nowhere',
]);
export const noStaleRootCheck = mutate(
  'no-stale-root-check',
  'a fault does not look whether its root is obsolete (C08)',
  [sites.pageFaultStale, 'mmu_invalidate_retry()'],
);
export const zapWithoutMark = mutate(
  'zap-without-mark',
  'a zapped page is not marked role.invalid, and nobody is asked to free it as a root',
  [sites.prepareZapInvalidate, 'skip'],
);
export const zapEarlyRequest = mutate(
  'zap-early-request',
  'vCPUs are asked to free obsolete roots before the zapped one is marked role.invalid (P12)',
  [sites.prepareZapRequest, 'before role.invalid'],
);
/** 527d5cd7eece, v5.18, until cf4a8693d97a, v5.19. */
export const currentRootTested = mutate(
  'current-root-tested',
  'the current root is looked at for each of prev_roots (C12)',
  [sites.obsoletePrevRoots, 'the current root'],
);

export const noReloadLook = mutate('no-reload-look', 'kvm_mmu_reload() does not look at the request again', [
  sites.reloadLook,
  'skip',
]);
