import type { ExecutedEvent, Final, Location, Property } from 'fencepost';
import {
  excess,
  findPage,
  guestGrant,
  hasGptes,
  isShadowPresentPte,
  PG_LEVEL_4K,
  shadowGrant,
  spteChild,
  type Grant,
  type MmuState,
  type ShadowPage,
} from 'fencepost/mmu';
import type { Kvm } from '../vm/kvm.ts';

/** An SPTE and the guest PTE that it shadows. */
interface Place {
  readonly page: ShadowPage;
  /** Not 0 where nobody minds what the SPTE grants: a zapped page, an unsync table. */
  readonly excused: readonly Location[];
  readonly spte: Location;
  readonly gpte: Location;
  /** Where in a large page of the guest the SPTE begins. */
  readonly offset: number;
}

/**
 * `no-stale-spte` (DESIGN.md 6): values decide; where an SPTE came from only explains the finding. An
 * execution ends with mmu_lock free and no emulated write between its store and the end of track_write,
 * so nothing is left that could still repair a stale SPTE. A table that is unsync may differ from the guest's,
 * as a TLB may; what comes of that is judged by the translations used.
 */
export function noStaleSpte(kvm: Kvm): Property {
  const known = new WeakMap<MmuState, readonly Place[]>();
  const placesOf = (state: MmuState): readonly Place[] => {
    let places = known.get(state);
    if (places === undefined) {
      places = state.pages.filter(hasGptes).flatMap((page) => placesIn(kvm, page));
      known.set(state, places);
    }
    return places;
  };
  return {
    name: 'no-stale-spte',
    doc: 'no present SPTE grants an access that the last value of its guest PTE does not grant',
    check(final) {
      const state = final.state(kvm.mmuLock);
      for (const place of placesOf(state)) {
        const spte = final.value(place.spte);
        if (!isShadowPresentPte(spte) || place.excused.some((mark) => final.value(mark) !== 0)) continue;
        const { role } = place.page;
        const granted = shadowGrant(spte, place.page, findPage(state, spteChild(spte)));
        const allowed = guestGrant(final.value(place.gpte), role.level, role.access, place.offset);
        const how = excess(granted, allowed, role);
        if (how !== undefined) return explain(kvm, final, place, granted as Grant, how);
      }
      return undefined;
    },
  };
}

function placesIn(kvm: Kvm, page: ShadowPage): Place[] {
  const canBeUnsync = page.role.level === PG_LEVEL_4K && kvm.has('unsync');
  const excused = [kvm.roleInvalid(page.id), ...(canBeUnsync ? [kvm.unsync(page.id)] : [])];
  return Array.from({ length: kvm.entries }, (_, index) => ({
    page,
    excused,
    spte: kvm.spte({ page: page.id, index }, page.role.level),
    gpte: kvm.guest.pte(page.gfn, kvm.gpteIndex(page.role, index)),
    // A 4-byte entry of a page directory spans what two SPTEs do.
    offset: page.role.has4ByteGpte === true ? (index % 2) * kvm.entries ** (page.role.level - 1) : 0,
  }));
}

function explain(
  kvm: Kvm,
  final: Final,
  { spte, gpte }: Place,
  granted: Grant,
  how: NonNullable<ReturnType<typeof excess>>,
): string {
  const what =
    how === 'frame'
      ? `maps ${kvm.guest.nameOf(granted.frame)}`
      : `allows ${how.map((kind) => kind.name).join(', ')}`;
  const now = gpte.format?.(final.value(gpte)) ?? String(final.value(gpte));
  const writer = final.writer(spte);
  const origin = writer === undefined ? '' : madeFrom(kvm, final, writer);
  return `${spte.name} still ${what}, but ${gpte.name} is ${now}${origin}`;
}

/** Names the reads of guest PTEs that the SPTE was made from. */
function madeFrom(kvm: Kvm, final: Final, writer: ExecutedEvent): string {
  const { events } = final.execution().runs[writer.thread];
  const reads = writer.label.data
    .map((index) => events[index])
    .map(({ label, value }) => {
      const from = kvm.memory.at(label.loc);
      const shown = from.kind === 'location' ? (from.format?.(value) ?? value) : value;
      return `${from.name} == ${shown}`;
    });
  if (reads.length === 0) return '';
  return `; CPU${writer.thread} made it in ${writer.label.fn}() from ${reads.join(' and ')}`;
}
