/** The worlds that are searched; all have two page-table roots or more, and two vCPUs but for some with nested guests. */
import { SMALL_SHADOW_HOST } from '../../vm/vcpu.ts';
import { NESTED_WORLDS } from './nested.ts';
import { TDP, LEGACY } from './parts.ts';
import { shadowRights } from './inherited-rights.ts';
import { shadowHuge, shadowLarge, shadowPse } from './large-pages.ts';
import { shadowNx } from './no-execute.ts';
import { permissionsWorld } from './permissions.ts';
import { shadowSmap } from './smap.ts';
import { pagingModesWorld, shadow32Bit, shadowPae } from './paging-modes.ts';
import { shadowPcids, shadowPcide, shadowModes, shadowTables, shadowDeep } from './shadow.ts';
import { directWorlds } from './two-dimensional.ts';
import { unmapWorld } from './unmap.ts';
import { userspaceWorlds } from './userspace.ts';
import type { GuestWorld } from './world.ts';

/** Which MMU of KVM serves the guest. */
export const MMU_KINDS = ['shadow', 'tdp', 'direct', 'nested'] as const;
export type MmuKind = (typeof MMU_KINDS)[number];

export const WORLDS: Readonly<Record<MmuKind, readonly GuestWorld[]>> = {
  shadow: [
    shadowPcids,
    shadowPcide,
    shadowModes,
    shadowTables,
    shadowDeep,
    shadowRights,
    shadowPae,
    shadow32Bit,
    pagingModesWorld('shadow', SMALL_SHADOW_HOST),
    shadowNx,
    shadowSmap,
    permissionsWorld('shadow', SMALL_SHADOW_HOST),
    shadowLarge,
    shadowHuge,
    shadowPse,
    ...userspaceWorlds('shadow', SMALL_SHADOW_HOST),
    unmapWorld('shadow', SMALL_SHADOW_HOST),
  ],
  tdp: [
    ...directWorlds('tdp', 'the TDP MMU', TDP),
    pagingModesWorld('tdp', TDP),
    permissionsWorld('tdp', TDP),
    ...userspaceWorlds('tdp', TDP),
    unmapWorld('tdp', TDP),
  ],
  direct: [
    ...directWorlds('direct', 'two-dimensional paging by the legacy MMU', LEGACY),
    pagingModesWorld('direct', LEGACY),
    permissionsWorld('direct', LEGACY),
    ...userspaceWorlds('direct', LEGACY),
    unmapWorld('direct', LEGACY),
  ],
  nested: NESTED_WORLDS,
};
