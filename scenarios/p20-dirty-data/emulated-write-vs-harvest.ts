import type { Scenario } from 'fencepost';
import { harvest, writeGuestPage } from '../../models/dirty-log/dirty-log.ts';
import { dirtyNotLost } from '../../models/properties/dirty-not-lost.ts';
import { dirtyBeforeData, dirtyFenced } from '../../models/proposals/dirty-log.ts';
import { versions, VERSIONS } from '../../models/proposals/versions/index.ts';
import * as sites from '../../models/sites/dirty-log.ts';
import { flushTlbsDirty } from '../../models/sites/tlbs-dirty.ts';
import { loggedVm, PROTECTED_FOR_LOG } from '../../models/worlds/logged.ts';
import { EVERYWHERE, SAFE, WEAK } from '../verdicts.ts';

export const emulatedWriteVsHarvest: Scenario = {
  name: 'emulated-write-vs-harvest',
  question: 'Can userspace copy a page before a write by KVM itself, and find its bit clear afterwards?',
  doc:
    'CPU0 emulates a store: KVM writes the page through the user mapping and then sets its bit. CPU1 harvests the ' +
    'bitmap, and userspace copies the page. The SPTE plays no part: it is protected all the time.',
  sources: ['KVM-MMU.md A16, P20 (an inference there: no barrier in mark_page_dirty_in_slot())'],
  sites: [sites.emulatedWriteDirty, sites.dirtyLogFlush, sites.dirtyLogBitmap, flushTlbsDirty],
  proposals: [...VERSIONS.map((name) => versions[name]), dirtyFenced, dirtyBeforeData],
  protocols: ['P20'],
  mutants: ['v7.1/dirty-before-data'],
  expectations: [
    {
      proposals: [...VERSIONS],
      verdicts: WEAK,
      because:
        'P20: on x86 set_bit() is LOCKed, so the data is there before the bit; set_bit() orders nothing under LKMM, and a ' +
        'harvest may take the bit and copy the page before the data arrives',
    },
    {
      proposals: ['v7.1/dirty-fenced'],
      verdicts: SAFE,
      because:
        'with the data fenced before the bit, whoever takes the bit by xchg() sees the data: message passing',
    },
    {
      proposals: ['v7.1/dirty-before-data'],
      verdicts: EVERYWHERE,
      because: 'P20: the harvest takes the bit and copies the page, and then comes the data',
    },
  ],
  world() {
    const { kvm, page } = loggedVm(PROTECTED_FOR_LOG, 0);
    return {
      memory: kvm.memory,
      threads: [
        { name: 'CPU0 (emulated write)', body: () => writeGuestPage(page, 1) },
        { name: 'CPU1 (GET_DIRTY_LOG)', body: () => harvest(kvm, page, 'write protection') },
      ],
      properties: [dirtyNotLost(page)],
    };
  },
};
