import { describe, expect, it } from 'vitest';
import { FOUNDING } from '../../../src/cli/commands/question.ts';
import { catalogue, fencepost } from '../../support/cli.ts';
import { gate } from '../../support/scenarios.ts';

/** The small gate in the clothes of the founding scenario. */
const founding = {
  ...gate,
  name: FOUNDING.scenario,
  proposals: [{ ...gate.proposals[0], name: FOUNDING.proposal }, gate.proposals[2]],
  expectations: [{ ...gate.expectations[0], proposals: [FOUNDING.proposal] }, gate.expectations[1]],
};

describe('fencepost without arguments', () => {
  it('asks the founding question and answers it', async () => {
    const { code, out, err } = await fencepost([], { catalogue: { ...catalogue, scenarios: [founding] } });
    expect(err).toBe('');
    expect(code).toBe(0);
    expect(out.slice(0, out.indexOf('FAIL'))).toMatchInlineSnapshot(`
      "kvm_mmu_track_write() skips all work while indirect_shadow_pages is 0. Can an
      emulated guest write miss the page fault that is just creating the first shadow
      page of the written page table, so that an SPTE made from the old guest PTE
      survives for ever?

      proposal     sc         x86-tso    lkmm-marked  lkmm
      -----------  ---------  ---------  -----------  ---------
      v6.3         safe       violated   violated     violated
      both-fences  safe       safe       safe         violated

      44 executions, each explored once and none left out;
      every verdict is as expected.

      "
    `);
    expect(out).toMatch(
      /^FAIL emulated-write-vs-first-fault · no-stale-spte · x86-tso · v6\.3 · replay fp1:/m,
    );
    expect(out.match(/FAIL/g)).toHaveLength(1);
    expect(out).toContain('Where to go next:');
  });

  it('marks what is not as expected, shows it and ends with 1', async () => {
    const surprising = { ...founding, expectations: founding.expectations.slice(0, 1) };
    const { code, out } = await fencepost([], { catalogue: { ...catalogue, scenarios: [surprising] } });
    expect(out).toMatch(/^both-fences +safe +safe +safe +violated\*$/m);
    expect(out).toContain('1 verdict is not as expected');
    expect(out).toMatch(/^FAIL .* · lkmm · both-fences /m);
    expect(code).toBe(1);
  });
});
