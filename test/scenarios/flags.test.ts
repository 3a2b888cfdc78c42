import { describe, expect, it } from 'vitest';
import { flagText } from '../../src/check/flags.ts';
import { judge } from '../../src/check/run.ts';
import { modelByName } from '../../src/memory/models.ts';
import type { ModelName } from '../../src/memory/model.ts';
import { emulatedWriteVsFirstFault as scenario } from '../../scenarios/p01-isp/emulated-write-vs-first-fault.ts';

function judged(name: string, modelName: ModelName = 'lkmm'): ReturnType<typeof judge> {
  const proposal = scenario.proposals.find((known) => known.name === name);
  const model = modelByName(modelName);
  if (proposal === undefined || model === undefined) throw new Error(`no ${name} under ${modelName}`);
  return judge(scenario, proposal, model);
}

const flagsOf = (name: string): string[] => judged(name).flags.map(flagText);

describe('the flags of the founding question', () => {
  it('name the plain read of the gate and the plain increment', () => {
    expect(flagsOf('v6.10')).toEqual([
      'data-race: CPU0 kvm_mmu_track_write() «indirect_shadow_pages» (plain) with ' +
        'CPU1 account_shadowed() «indirect_shadow_pages++» (plain): ' +
        'nothing makes the write visible before the read, nor ends the read before the write',
    ]);
  });

  it('are there for the plain increment while the verdict is safe, and go when it is marked too', () => {
    expect(judged('v6.10-once').verdict).toBe('safe');
    expect(judged('v6.10-once').flags).toMatchObject([
      {
        flag: 'data-race',
        a: { fn: 'kvm_mmu_track_write', text: 'READ_ONCE(indirect_shadow_pages)', plain: false },
        b: { fn: 'account_shadowed', text: 'indirect_shadow_pages++', plain: true },
      },
    ]);
    expect(judged('v6.10-marked').verdict).toBe('safe');
    expect(judged('v6.10-marked').flags).toEqual([]);
  });

  it('are a matter of lkmm alone', () => {
    for (const model of ['sc', 'x86-tso', 'lkmm-marked'] as const)
      expect(judged('v6.10', model).flags).toEqual([]);
  });
});
