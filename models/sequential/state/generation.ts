/**
 * Generations of memslots, of which there is no end: of each only whether it is that of now counts, so states that differ
 * in no more are made equal.
 */
import type { Location } from 'fencepost';
import { isMmioSpte, mmioSpteGeneration, withMmioGeneration } from 'fencepost/mmu';
import type { Kvm } from '../../vm/kvm.ts';

const OLD = 0;
const SPTE = /^sp\d+->spt\[/;

/** The generation of now becomes the first, and all others one that never was. */
export function withoutPastGenerations(
  { slots }: Kvm,
  words: ReadonlyMap<Location, number>,
): ReadonlyMap<Location, number> {
  if (slots === undefined) return words;
  const { generation } = slots;
  const now = words.get(generation) ?? generation.initial;
  const renewed = [...words].map(([location, word]): readonly [Location, number] => {
    if (location === generation) return [location, generation.initial];
    if (!SPTE.test(location.name) || !isMmioSpte(word)) return [location, word];
    const isNow = mmioSpteGeneration(word) === now;
    return [location, withMmioGeneration(word, isNow ? generation.initial : OLD)];
  });
  return new Map(renewed);
}
