/** The points of the paths at which proposals may differ (DESIGN.md 2), a file per concern. */
export * from './guest-entry.ts';
export * from './guest-flush.ts';
export * from './lockless-walk.ts';
export * from './dirty-log.ts';
export * from './memslots.ts';
export * from './notifier.ts';
export * from './p01.ts';
export * from './published.ts';
export * from './roles.ts';
export * from './roots.ts';
export * from './shadow-mmu.ts';
export * from './unsync.ts';
export * from './zap-all-fast.ts';
export * from './small-protocols.ts';
export * from './guest-pte-update.ts';
export * from './tdp-mmu.ts';
export * from './tdp-roots.ts';
