import { describe, expect, it } from 'vitest';
import { gate, scenarioOf, wakeUp } from '../../support/scenarios.ts';
import { catalogue, fencepost } from '../../support/cli.ts';
import { Memory } from '../../../src/program/location.ts';
import { writeOnce } from '../../../src/program/operations.ts';

describe('fencepost check', () => {
  it('prints a table and a summary', async () => {
    const { code, out, err } = await fencepost(['check', 'gate-vs-fault']);
    expect(out).toMatchInlineSnapshot(`
      "scenario       proposal      memory model  verdict   expected   executions      time
      -------------  ------------  ------------  --------  --------  -----------  --------
      gate-vs-fault  bare          sc            safe      safe                5    0.00 s
      gate-vs-fault  bare          x86-tso       violated  violated            6    0.00 s
      gate-vs-fault  bare          lkmm-marked   violated  violated            6    0.00 s
      gate-vs-fault  bare          lkmm          violated  violated            6    0.00 s
      gate-vs-fault  writer-fence  sc            safe      safe                5    0.00 s
      gate-vs-fault  writer-fence  x86-tso       violated  violated            6    0.00 s
      gate-vs-fault  writer-fence  lkmm-marked   violated  violated            6    0.00 s
      gate-vs-fault  writer-fence  lkmm          violated  violated            6    0.00 s
      gate-vs-fault  both-fences   sc            safe      safe                5    0.00 s
      gate-vs-fault  both-fences   x86-tso       safe      safe                5    0.00 s
      gate-vs-fault  both-fences   lkmm-marked   safe      safe                5    0.00 s
      gate-vs-fault  both-fences   lkmm          violated  violated            6    0.00 s

      12 verdicts, 12 as expected; every execution was explored.

      FLAGS
      gate-vs-fault, lkmm
        bare, writer-fence, both-fences: data-race: CPU0 kvm_mmu_track_write() «indirect_shadow_pages» (plain) with CPU1 account_shadowed() «WRITE_ONCE(indirect_shadow_pages)»: nothing makes the write visible before the read, nor ends the read before the write
      "
    `);
    expect(err).toBe('');
    expect(code).toBe(0);
  });

  it('shows an unexpected violation and ends with 1', async () => {
    const { code, out } = await fencepost(['check', 'lock-order', '-m', 'sc']);
    expect(code).toBe(1);
    expect(out).toContain('1 verdict, 0 as expected, 1 not as expected; every execution was explored.');
    expect(out).toMatch(
      /^FAIL lock-order · no-deadlock · sc · as-written · replay fp1:lock-order\/as-written\/sc:/m,
    );
    expect(out).toContain('=> no-deadlock: waits for ever: CPU0: spin_lock(&b);');
  });

  it('shows expected violations when asked to, at most 72 columns wide', async () => {
    const argv = ['check', 'gate-vs-fault', '-p', 'bare,both-fences', '-m', 'x86-tso'];
    const quiet = await fencepost(argv);
    expect(quiet.out).not.toContain('FAIL');
    const { out, code } = await fencepost([...argv, '--trace']);
    expect(code).toBe(0);
    const [head, ...diagram] = out.slice(out.indexOf('FAIL')).split('\n');
    expect(head).toMatch(/^FAIL gate-vs-fault · no-stale-spte · x86-tso · bare · replay fp1:/);
    expect(Math.max(...diagram.map(({ length }) => length))).toBeLessThanOrEqual(72);
    expect(diagram.join('\n')).toContain('=> no-stale-spte: the SPTE still maps 0');
  });

  it('draws an execution that several memory models allow once', async () => {
    const { out } = await fencepost(['check', 'gate-vs-fault', '-p', 'bare', '--trace']);
    expect(out.slice(out.indexOf('FAIL'))).toMatchInlineSnapshot(`
      "FAIL gate-vs-fault · no-stale-spte · x86-tso, lkmm-marked, lkmm · bare · replay fp1:gate-vs-fault/bare/x86-tso:26eb2181:AggAAAAAAMIj

        CPU0 (emulated write)               CPU1 (page fault)
        ----                                ----
         1 WRITE_ONCE(gpte, 1)  [buffered]
        kvm_mmu_track_write():
         2 indirect_shadow_pages == 0
                                             3 READ_ONCE(gpte) == 0
                                               (stale: 1 not visible yet)
                                             4 spin_lock(&mmu_lock)
                                            account_shadowed():
                                             5 READ_ONCE(
                                               indirect_shadow_pages) == 0
                                             6 WRITE_ONCE(
                                               indirect_shadow_pages, 1)
                                             7 READ_ONCE(gpte) == 0
                                               (stale: 1 not visible yet)
                                             8 WRITE_ONCE(spte, 0)
                                             9 spin_unlock(&mmu_lock)
        10 [1 reaches memory]
        => no-stale-spte: the SPTE still maps 0
        missing: \`WRITE_ONCE(gpte, 1)\` (1) must be visible before
                 \`indirect_shadow_pages\` (2): no full fence between them
            and: \`WRITE_ONCE(indirect_shadow_pages, 1)\` (6) must be visible
                 before \`READ_ONCE(gpte)\` (7): no full fence between them
        under lkmm:
        missing: \`WRITE_ONCE(gpte, 1)\` (1) must be visible before
                 \`indirect_shadow_pages\` (2): no full fence between them; LKMM
                 promises nothing about the plain access
                 \`indirect_shadow_pages\` (2): mark it READ_ONCE()
            and: \`WRITE_ONCE(indirect_shadow_pages, 1)\` (6) must be visible
                 before \`READ_ONCE(gpte)\` (7): no full fence between them
      "
    `);
    const deadlocks = await fencepost(['check', 'lock-order']);
    expect(deadlocks.out).toMatch(
      /^FAIL lock-order · no-deadlock · sc, x86-tso, lkmm-marked, lkmm · as-written · replay fp1:.*\/sc:/m,
    );
    expect(deadlocks.out.match(/=> no-deadlock/g)).toHaveLength(1);
  });

  it('gives the promised JSON', async () => {
    const { out, code } = await fencepost([
      'check',
      'gate-vs-fault',
      '-p',
      'bare',
      '-m',
      'sc,x86-tso',
      '--json',
    ]);
    expect(code).toBe(0);
    const { results } = JSON.parse(out) as { results: Record<string, unknown>[] };
    const keys = 'scenario proposal model verdict expected executions blocked exhaustive seconds witness';
    for (const row of results) expect(Object.keys(row).slice(0, 10).join(' ')).toBe(keys);
    expect(results[0]).toEqual({
      scenario: 'gate-vs-fault',
      proposal: 'bare',
      model: 'sc',
      verdict: 'safe',
      expected: 'safe',
      executions: 5,
      blocked: 0,
      exhaustive: true,
      seconds: 0,
      witness: null,
      engine: 'graph',
      violations: {},
      flags: [],
      reach: 'all',
    });
    expect(results[1]).toMatchObject({
      verdict: 'violated',
      witness: { property: 'no-stale-spte', message: 'the SPTE still maps 0' },
      violations: { 'no-stale-spte': 1 },
    });
  });

  it('names what stands beside the verdict of lkmm', async () => {
    const { out } = await fencepost([
      'check',
      'gate-vs-fault',
      '-p',
      'bare',
      '-m',
      'lkmm-marked,lkmm',
      '--json',
    ]);
    const { results } = JSON.parse(out) as { results: { flags: unknown[] }[] };
    expect(results.map(({ flags }) => flags)).toEqual([
      [],
      [
        {
          flag: 'data-race',
          a: {
            thread: 'CPU0 (emulated write)',
            fn: 'kvm_mmu_track_write',
            text: 'indirect_shadow_pages',
            plain: true,
          },
          b: {
            thread: 'CPU1 (page fault)',
            fn: 'account_shadowed',
            text: 'WRITE_ONCE(indirect_shadow_pages)',
            plain: false,
          },
          missing: 'nothing makes the write visible before the read, nor ends the read before the write',
        },
      ],
    ]);
  });

  it('agrees with itself whatever the engine', async () => {
    const rows = async (engine: string): Promise<unknown> => {
      const { out } = await fencepost(['check', 'gate-vs-fault', '--json', '-e', engine]);
      const { results } = JSON.parse(out) as { results: Record<string, unknown>[] };
      // The oracle has no budget for values that are only tried, so that it speaks of all paths.
      const reach = (model: unknown): string =>
        model === 'lkmm' && engine === 'graph' ? 'paths-gone' : 'all';
      for (const row of results) expect(row.reach).toBe(reach(row.model));
      return results.map(({ engine: _engine, reach: _reach, ...row }) => row);
    };
    expect(await rows('enumerate')).toEqual(await rows('graph'));
    const { out, code } = await fencepost(['check', 'gate-vs-fault', '-e', 'interleave', '--trace']);
    expect(code).toBe(0);
    expect(out).toContain('6 verdicts, 6 as expected');
  });

  it('says so when a bound was hit, and ends with 3', async () => {
    const { code, out } = await fencepost([
      ...['check', 'gate-vs-fault', '-p', 'both-fences', '-m', 'x86-tso', '--max-executions', '2'],
    ]);
    expect(out).toMatch(/both-fences +x86-tso +bounded +safe +>=2 /);
    expect(out).toContain('1 verdict, 0 as expected, 1 bounded; 1 search was stopped by a bound.');
    expect(code).toBe(3);
  });

  it('prefers a violation to a bound', async () => {
    const argv = ['check', '-p', 'both-fences,as-written', '-m', 'x86-tso', '--max-executions', '2'];
    const { code, out } = await fencepost(argv, {
      catalogue: { ...catalogue, scenarios: [gate, wakeUp(2)] },
    });
    expect(out).toContain('2 verdicts, 0 as expected, 1 not as expected, 1 bounded');
    expect(code).toBe(1);
  });

  it('changes single sites of a proposal', async () => {
    const proposal = 'writer-fence+after-increment=smp_mb()';
    const { out, code } = await fencepost(['check', '-p', proposal, '-m', 'x86-tso']);
    expect(out).toContain(`gate-vs-fault  ${proposal}  x86-tso       safe      safe `);
    expect(code).toBe(0);
  });

  it('paints verdicts only where colours are wanted', async () => {
    const argv = ['check', 'gate-vs-fault', '-p', 'bare', '-m', 'sc,x86-tso'];
    expect((await fencepost(argv)).out).not.toContain('<');
    expect((await fencepost(argv, { colour: true })).out).toMatch(
      /<green>safe<\/> .*\n.*<green>violated<\/> /,
    );
  });

  it('tells on stderr how far it is', async () => {
    const long = scenarioOf('long', () => {
      const memory = new Memory();
      const x = memory.location('x');
      const body = function* () {
        for (let i = 0; i < 3; i++) yield* writeOnce(x, i);
      };
      const threads = ['CPU0', 'CPU1', 'CPU2'].map((name) => ({ name, body }));
      return { memory, properties: [], threads };
    });
    const setting = { catalogue: { ...catalogue, scenarios: [long] }, tick: 20_000 };
    const argv = ['check', '-m', 'sc'];
    const elsewhere = await fencepost(argv, setting);
    expect(elsewhere.err.split('\n')[0]).toMatch(
      /^fencepost: \[1\/1\] long, as-written, sc: [\d ]+ executions, [\d ]+\/s$/,
    );
    const terminal = await fencepost(argv, { ...setting, errIsTerminal: true });
    expect(terminal.err).toMatch(/^\r\x1b\[K\[1\/1\] long/);
    expect(terminal.err.endsWith('\r\x1b[K')).toBe(true);
    expect(terminal.out).toBe(elsewhere.out);
  });
});
