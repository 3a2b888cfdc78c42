/**
 * When two states are one: pages are known by their place in the list instead of by their number, and vCPUs may change
 * places, for nothing tells them apart but what they have done. A digest stands for the text.
 */
import { createHash } from 'node:crypto';
import { guardedBy, localOf, type Location } from 'fencepost';
import {
  isLastSpte,
  isShadowPresentPte,
  spteChild,
  makeNonLeafSpte,
  type MmuState,
  type RootInfo,
} from 'fencepost/mmu';
import { packHeld, unpackHeld, type MayHold } from 'fencepost/x86';
import type { Kvm } from '../kvm.ts';
import type { Mmu, VcpuArch } from '../vcpu.ts';
import type { GuestState } from './run.ts';

/** Names of pages that do not depend on how many there have been. */
type Places = ReadonlyMap<number, number>;

export function keyOf(kvm: Kvm, state: GuestState): string {
  return createHash('sha1').update(textOf(kvm, state)).digest('base64');
}

/** The state as text; equal for states that differ only in page numbers and in which vCPU is which. */
export function textOf(kvm: Kvm, state: GuestState, exchangeVcpus = true): string {
  const mmu = guardedBy(state.concrete, kvm.mmuLock);
  const places: Places = new Map(mmu.pages.map(({ id }, place) => [id, place]));
  const isCompact = mmu.pages.every(({ id }, place) => id === place);
  const vcpus = kvm.vcpus.map(({ id, arch }) => {
    const own = localOf(state.concrete, arch);
    const held = state.hardware[id];
    const texts = isCompact
      ? [own, held].map(textOnce)
      : [archIn(places, own), heldIn(kvm, places, held)].map((each) => JSON.stringify(each));
    return `${textOnce(state.processors[id].held)} ${state.kept[id].join()} ${texts.join(' ')}`;
  });
  if (exchangeVcpus) vcpus.sort();
  return [wordsIn(kvm, places, mmu, state), mmuIn(places, mmu), ...vcpus].join('\n');
}

const texts = new WeakMap<object, string>();

/** States share what an operation leaves alone. */
function textOnce(value: object): string {
  let text = texts.get(value);
  if (text === undefined) {
    text = JSON.stringify(value);
    texts.set(value, text);
  }
  return text;
}

const PAGE = /^sp(\d+)(->.*)$/;

function wordsIn(kvm: Kvm, places: Places, mmu: MmuState, { concrete }: GuestState): string {
  const levels = new Map(mmu.pages.map(({ id, role }) => [id, role.level]));
  const words: string[] = [];
  for (const [location, value] of concrete.words) {
    if (value === location.initial) continue;
    const page = pageOf(location);
    if (page === undefined) words.push(`${location.id}=${value}`);
    else {
      const isLink = page.rest.startsWith('->spt[') && !isLastSpte(levels.get(page.id) ?? 1);
      words.push(`${places.get(page.id)}${page.rest}=${isLink ? linkIn(places, value) : value}`);
    }
  }
  return words.sort().join(' ');
}

interface PageLocation {
  readonly id: number;
  readonly rest: string;
}

const pageLocations = new WeakMap<Location, PageLocation | 'none'>();

function pageOf(location: Location): PageLocation | undefined {
  let known = pageLocations.get(location);
  if (known === undefined) {
    const match = PAGE.exec(location.name);
    known = match === null ? 'none' : { id: Number(match[1]), rest: match[2] };
    pageLocations.set(location, known);
  }
  return known === 'none' ? undefined : known;
}

function linkIn(places: Places, spte: number): number {
  if (!isShadowPresentPte(spte)) return spte;
  const child = spteChild(spte);
  return spte - makeNonLeafSpte(child) + makeNonLeafSpte(places.get(child) ?? child);
}

function mmuIn(places: Places, { pages, rmap }: MmuState): string {
  const ref = ({ page, index }: { readonly page: number; readonly index: number }): string =>
    `${places.get(page)}.${index}`;
  const own = pages.map(({ gfn, role, rootCount, parents, translations }) => {
    const mapped = Object.entries(translations).map(([index, to]) => `${index}:${to.gfn}.${to.access}`);
    return [gfn, JSON.stringify(role), rootCount, parents.map(ref), mapped].join(';');
  });
  const mappings = Object.entries(rmap).map(([gfn, refs]) => `${gfn}:${refs.map(ref).join()}`);
  return `${own.join('|')} ${mappings.join('|')}`;
}

function archIn(places: Places, arch: VcpuArch): unknown {
  return {
    ...arch,
    hardwareRoot: places.get(arch.hardwareRoot) ?? arch.hardwareRoot,
    root_mmu: rootsIn(places, arch.root_mmu),
    guest_mmu: rootsIn(places, arch.guest_mmu),
  };
}

function rootsIn(places: Places, mmu: Mmu): unknown {
  const place = (root: RootInfo): unknown => ({ ...root, hpa: places.get(root.hpa) ?? root.hpa });
  return { ...mmu, cache: { ...mmu.cache, roots: mmu.cache.roots.map(place) } };
}

/** Under shadow paging the cached structures are KVM's own tables, which go by their page numbers. */
function heldIn(kvm: Kvm, places: Places, held: MayHold): MayHold {
  if (kvm.host.tdpEnabled) return held;
  const structures = held.structures.map((word) => {
    const entry = unpackHeld(word);
    const place = places.get(entry.frame);
    return place === undefined || place === entry.frame ? word : packHeld({ ...entry, frame: place });
  });
  return { ...held, structures };
}
