/** Fixes around shadow pages of nested guests beside the TDP MMU (KVM-MMU.md C33). */
import { writeTrackSpaces } from '../sites/write-tracking.ts';
import { derive } from './derive.ts';
import { versions } from './versions/index.ts';

export const allAddressSpaces = derive(
  versions['v6.12'],
  'v6.12/0f38453cdb2e',
  'v6.12 with write tracking looked up in the memslots of all address spaces',
  [writeTrackSpaces, 'all address spaces'],
);
