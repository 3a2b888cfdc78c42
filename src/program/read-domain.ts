import { Fence, Kind, Mark, type Label } from '../memory/event.ts';

/**
 * What readers and grace periods meet in: RCU as a whole, or the location of one srcu_struct. Each function
 * gives the domain that an event concerns in its way; undefined for all other events.
 */
export const RCU = -1;

export function domainEntered({ kind, mark, fence, loc }: Label): number | undefined {
  if (kind === Kind.Read) return mark === Mark.SrcuLock ? loc : undefined;
  return kind === Kind.Fence && fence === Fence.RcuLock ? RCU : undefined;
}

export function domainLeft({ kind, mark, fence, loc }: Label): number | undefined {
  if (kind === Kind.Write) return mark === Mark.SrcuUnlock ? loc : undefined;
  return kind === Kind.Fence && fence === Fence.RcuUnlock ? RCU : undefined;
}

/** The domain whose readers a grace period waits for. */
export function domainAwaited({ kind, fence, loc }: Label): number | undefined {
  if (kind !== Kind.Fence) return undefined;
  if (fence === Fence.SyncRcu) return RCU;
  return fence === Fence.SyncSrcu ? loc : undefined;
}
