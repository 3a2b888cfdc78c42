/** What does not change in a world with nested guests. */
import type { Machine } from 'fencepost/x86';
import type { Kvm } from '../../vm/kvm.ts';
import type { EptFeatures, GuestWorld, NestedWorld } from '../worlds/world.ts';
import { eptTables, nptTables, type NestedTables } from './tables.ts';

export interface NestedSetting extends NestedWorld {
  readonly ept: EptFeatures;
  readonly tables: NestedTables;
  /** L2 has VPIDs of its own. */
  readonly hasVpid: boolean;
}

const PLAIN_EPT: EptFeatures = { accessedDirty: false, executeOnly: false };

/** Undefined: the world has no nested guests. */
export function nestedSetting(
  { nested, start }: GuestWorld,
  { host, entries }: Kvm,
  { geometry }: Machine,
): NestedSetting | undefined {
  if (nested === undefined) return undefined;
  const l1 = start.arch?.registers ?? nested.registers;
  const { vendor, ept = PLAIN_EPT } = nested;
  const tables = vendor === 'vmx' ? eptTables(host.tdpLevel, entries, ept) : nptTables(l1, geometry);
  const hasVpid = nested.entries.every(({ vpid }) => vpid !== undefined);
  return { ...nested, ept, tables, hasVpid };
}
