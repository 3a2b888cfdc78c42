/** The cache of one translation from gfn to host page, `struct gfn_to_pfn_cache` (KVM-MMU.md P10, C21). */
import {
  assume,
  branch,
  call,
  choice,
  fenceAt,
  load,
  Mark,
  readPlain,
  writeLock,
  writePlain,
  writeUnlock,
  type Location,
  type Lock,
  type Read,
  type Steps,
} from 'fencepost';
import { gfnToPfn } from '../vm/host-memory.ts';
import type { Kvm } from '../vm/kvm.ts';
import { activeInvalidations } from './notifier.ts';
import * as sites from '../sites/notifier.ts';

/** `valid` and `pfn` are guarded by `lock`; users of the cache hold it for read. */
export interface PfnCache {
  readonly lock: Lock<null>;
  readonly valid: Location;
  readonly pfn: Location;
}

export function pfnCache({ memory }: Kvm, pfn: number): PfnCache {
  return {
    lock: memory.rwlock('gpc->lock', null),
    valid: memory.location('gpc->valid', 0),
    pfn: memory.location('gpc->pfn', pfn),
  };
}

/** `gfn_to_pfn_cache_invalidate_start()` for a cache whose page is in the range. */
export function* invalidateCache({ lock, valid }: PfnCache): Steps {
  yield* call(
    'gfn_to_pfn_cache_invalidate_start',
    (function* () {
      yield* writeLock(lock);
      const was = yield* readPlain(valid);
      if ((yield* branch(was)) !== 0) yield* writePlain(valid, 0);
      yield* writeUnlock(lock);
    })(),
  );
}

/** How often a refresh is tried: an attempt that fails leaves nothing behind, so the last two stand for all. */
const ATTEMPTS = 2;

/** `hva_to_pfn_retry()`: makes the cache valid again. gpc->refresh_lock, which lets one refresh run at a time, is left out: there is one. */
export function* refresh(kvm: Kvm, cache: PfnCache, hostPte: Location): Steps {
  yield* call('hva_to_pfn_retry', retry(kvm, cache, hostPte));
}

function* retry(kvm: Kvm, { lock, valid, pfn }: PfnCache, hostPte: Location): Steps {
  yield* writeLock(lock);
  yield* writePlain(valid, 0);
  for (let attempt = 1; ; attempt++) {
    const mmuSeq = yield* read(kvm.mmuInvalidateSeq, 'mmu_invalidate_seq');
    yield* fenceAt(sites.pfncacheSnapshotFence);
    yield* writeUnlock(lock);
    const found = yield* gfnToPfn(hostPte);
    yield* writeLock(lock);
    if (yield* call('mmu_notifier_retry_cache', mustRetry(kvm, mmuSeq))) {
      yield* assume(attempt < ATTEMPTS);
      continue;
    }
    yield* writePlain(pfn, found.value, { data: [found] });
    yield* writePlain(valid, 1);
    break;
  }
  yield* writeUnlock(lock);
}

/** `mmu_notifier_retry_cache()`: the count comes first, because caches are told before in_progress rises. */
function* mustRetry(kvm: Kvm, mmuSeq: Read): Steps<boolean> {
  if ((yield* choice(sites.pfncacheActiveCheck)) === 'check') {
    const active = yield* read(activeInvalidations(kvm).count, 'mn_active_invalidate_count');
    if ((yield* branch(active)) !== 0) return true;
  }
  yield* fenceAt(sites.pfncacheCheckFence);
  if ((yield* choice(sites.pfncacheSeqCheck)) === 'skip') return false;
  const now = yield* read(kvm.mmuInvalidateSeq, 'mmu_invalidate_seq');
  return (yield* branch(now, mmuSeq)) !== mmuSeq.value;
}

function* read(location: Location, name: string): Steps<Read> {
  const site = sites.pfncacheReads;
  const isMarked = (yield* choice(site)) === 'READ_ONCE';
  const text = isMarked ? `READ_ONCE(${name})` : name;
  return yield* load(location, isMarked ? Mark.Once : Mark.Plain, { site, text });
}
