/** L1's tables for L2 as the architecture reads them: EPT (SDM vol. 3C), or nested page tables (APM vol. 2, 15.25). */
import { ACC_EXEC_MASK, ACC_USER_MASK, ACC_WRITE_MASK, type GuestAccess } from 'fencepost/mmu';
import {
  accessPage,
  addressSpaceOf,
  eptAccess,
  eptFormat,
  eptPermits,
  nptRegisters,
  type AddressSpace,
  type Ept,
  type PagingGeometry,
  type ReadEntry,
  type Registers,
  type SecondLevelKind,
} from 'fencepost/x86';
import { eptExit } from '../../nested/nested-fault.ts';
import type { FaultResult } from '../../fault/page-fault.ts';
import type { EptFeatures } from '../worlds/world.ts';

export interface NestedTables {
  /** From L1's top table. */
  space(root: number): AddressSpace;
  /** What tags the mappings that are made through a top table. */
  tagOf(root: number): number;
  /** What tags those made through a root of KVM's. */
  tagOfReal(root: number): number;
  /** Whether rights of a path let L2 through. */
  permits(access: number, kind: SecondLevelKind): boolean;
  /** The access as the exit tells it. */
  fault(kind: SecondLevelKind, present: boolean): GuestAccess;
  /** What L1 gets for an access by a walk of now, in words; undefined: it is let through. */
  exit(root: number, page: number, kind: SecondLevelKind, read: ReadEntry): string | undefined;
  /** What KVM gives L1, in the same words. */
  exitOf(access: GuestAccess, result: FaultResult): string;
}

/** EPT without 1G pages. */
export function eptTables(levels: number, entries: number, features: EptFeatures): NestedTables {
  const indexBits = Array<number>(levels).fill(Math.log2(entries));
  const ept = (root: number): Ept => ({
    root,
    indexBits,
    ...features,
    gbPages: false,
  });
  return {
    space: (root) => ({ format: eptFormat(ept(root)), root }),
    tagOf: (root) => root,
    tagOfReal: (root) => root,
    permits: eptPermits,
    fault: (kind, present) => ({
      user: kind === 'read',
      write: kind === 'write',
      fetch: kind === 'fetch',
      present,
    }),
    exit(root, page, kind, read) {
      const result = eptAccess(ept(root), page, kind, read);
      return result.kind === 'done' ? undefined : JSON.stringify(result);
    },
    exitOf: (access, result) => JSON.stringify(eptExit(access, result)),
  };
}

/** The ASID that L1 gives L2, its own being 0; and the one that KVM gives both levels. */
export const ASID = 1;

/** Nested page tables in the paging mode of L1, whose every access is a user's. */
export function nptTables(l1: Registers, geometry: PagingGeometry): NestedTables {
  const registers = (root: number): Registers => nptRegisters(l1, root);
  return {
    space(root) {
      const space = addressSpaceOf(registers(root), geometry);
      if (space === undefined) throw new Error('L1 has no paging');
      return space;
    },
    tagOf: () => ASID,
    tagOfReal: () => ASID,
    permits(access, kind) {
      if ((access & ACC_USER_MASK) === 0) return false;
      if (kind === 'read') return true;
      return (access & (kind === 'write' ? ACC_WRITE_MASK : ACC_EXEC_MASK)) !== 0;
    },
    fault: (kind, present) => ({ user: true, write: kind === 'write', fetch: kind === 'fetch', present }),
    exit(root, page, kind, read) {
      const result = accessPage(registers(root), geometry, page, { kind, user: true }, read);
      return result.kind === 'done' ? undefined : `#NPF ${result.errorCode}`;
    },
    exitOf: (_, { errorCode = 0 }) => `#NPF ${errorCode}`,
  };
}
