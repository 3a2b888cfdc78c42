/** The catalogue: every scenario that comes with fencepost, grouped by the protocol that it asks about. */
import type { Scenario } from 'fencepost';
import { emulatedWriteVsFirstFault } from './p01-isp/emulated-write-vs-first-fault.ts';

export const scenarios: readonly Scenario[] = [emulatedWriteVsFirstFault];
