import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isWritablePte } from 'fencepost/mmu';
import { directSpte, readSptes } from '../../../models/sequential/hardware/hardware.ts';
import { BASELINE, SequentialGuest, type GuestState } from '../../../models/sequential/index.ts';
import { GuestRun } from '../../../models/sequential/run.ts';
import { worldNamed } from '../../support/sequential.ts';

/** What a state is to a guest: what each vCPU may have cached, and the frames that its second-level tables map. */
function seen({ setting }: SequentialGuest, state: GuestState): unknown {
  const run = new GuestRun(setting, state);
  const { kvm } = setting;
  const sptes = readSptes(kvm, run.mmu, run.concrete);
  const frames = Array.from({ length: kvm.entries ** kvm.host.tdpLevel }, (_, gfn) => gfn);
  return kvm.vcpus.map(({ id }) => {
    const { processor, hardware, arch } = state.vcpus[id];
    const space = run.rootSpace(id);
    const mapped = frames.flatMap((gfn) => {
      const spte = directSpte(space, gfn, sptes);
      return spte === 0 ? [] : [{ gfn, writable: isWritablePte(spte) }];
    });
    return { processor, hardware, registers: arch.registers, mapped };
  });
}

// Tables are kept in different ways, and the guest must not notice.
describe('the TDP MMU and the legacy MMU', () => {
  it.each(['modes', 'pcids', 'sregs', 'zap-all', 'unmap', 'memslots', 'dirty-log'])(
    'serve the guest of %s alike',
    (world) => {
      const [tdp, direct] = ['tdp', 'direct'].map(
        (kind) => new SequentialGuest(worldNamed(`${kind}-${world}`), BASELINE),
      );
      fc.assert(
        fc.property(fc.array(fc.nat(), { maxLength: 24 }), (choices) => {
          let [a, b] = [tdp.initial, direct.initial];
          for (const choice of choices) {
            const operations = [...tdp.operations(a)];
            expect([...direct.operations(b)]).toEqual(operations);
            const operation = operations[choice % operations.length];
            const [after, alike] = [tdp.perform(a, operation), direct.perform(b, operation)];
            expect(after.kind).toBe(alike.kind);
            if (after.kind !== 'state' || alike.kind !== 'state') continue;
            [a, b] = [after.state, alike.state];
            expect(seen(tdp, a)).toEqual(seen(direct, b));
          }
        }),
        { numRuns: 40 },
      );
    },
  );
});
