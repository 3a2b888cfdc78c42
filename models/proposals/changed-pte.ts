/** The change_pte notifier as it was before f082d86ea685 (KVM-MMU.md C07). */
import { changedPteBits } from '../sites/changed-pte.ts';
import { derive } from './derive.ts';
import { versions } from './versions/index.ts';

export const mmuWritableKept = derive(
  versions['v6.1'],
  'v6.1/mmu-writable-kept',
  'v6.1 without f082d86ea685: a page that the host maps read-only stays MMU-writable',
  [changedPteBits, 'host-writable'],
);
