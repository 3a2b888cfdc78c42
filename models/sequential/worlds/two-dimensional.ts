/** The guests of shadow paging under two-dimensional paging. */
import type { MmuHost } from 'fencepost/mmu';
import { PCIDS, MODES } from './alphabets.ts';
import { WITH_PCIDS, world } from './parts.ts';
import type { GuestWorld } from './world.ts';

export function directWorlds(kind: string, what: string, host: MmuHost): readonly GuestWorld[] {
  return [
    world(`${kind}-modes`, `The guest of shadow-modes under ${what}.`, { host, alphabet: MODES }),
    world(
      `${kind}-pcids`,
      `The guest of shadow-pcids under ${what}; MOV CR3 and INVPCID exit or they do not.`,
      { host, registers: WITH_PCIDS, alphabet: { ...PCIDS, exits: true } },
    ),
  ];
}
