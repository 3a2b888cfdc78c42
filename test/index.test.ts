/** The public face: what it exports, and that nothing else is needed. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as face from 'fencepost';
import { judge } from '../src/check/run.ts';
import { memoryModels } from '../src/memory/models.ts';

const {
  Memory,
  branch,
  call,
  rcuReadLock,
  rcuReadUnlock,
  readOnce,
  storeRelease,
  synchronizeRcu,
  writeOnce,
} = face;

/** A reader that sees the pointer gone may run on; one that does not must be waited for. */
const grace: face.Scenario = {
  name: 'unlink-vs-reader',
  question: 'Can a reader touch what synchronize_rcu() has waited for?',
  doc: 'An object, linked at first; the updater unlinks it, waits and frees it.',
  sources: ['Documentation/RCU/whatisRCU.rst'],
  sites: [
    face.defineSite({
      name: 'unlink-wait',
      fn: 'unlink',
      doc: 'Whether the updater waits for readers.',
      options: ['synchronize_rcu()', 'none'],
    }),
  ],
  proposals: [
    { name: 'waits', doc: 'a grace period', choices: {} },
    { name: 'hurries', doc: 'no grace period', choices: { 'unlink-wait': 'none' } },
  ],
  expectations: [
    {
      proposals: ['hurries'],
      verdicts: { sc: 'violated', 'x86-tso': 'violated', 'lkmm-marked': 'violated', lkmm: 'violated' },
      because: 'nothing keeps the free behind the read section',
    },
  ],
  world() {
    const memory = new Memory();
    const linked = memory.location('linked', 1);
    const freed = memory.location('freed');
    const touched = memory.location('touched');

    function* unlink(): face.Steps {
      yield* writeOnce(linked, 0);
      if ((yield* face.choice(grace.sites[0])) === 'synchronize_rcu()') yield* synchronizeRcu();
      yield* storeRelease(freed, 1);
    }

    function* reader(): face.Steps {
      yield* rcuReadLock();
      const found = yield* readOnce(linked);
      if ((yield* branch(found)) === 1) {
        const dead = yield* readOnce(freed);
        yield* writeOnce(touched, dead.value, { data: [dead] });
      }
      yield* rcuReadUnlock();
    }

    return {
      memory,
      threads: [
        { name: 'CPU0 (updater)', body: () => call('unlink', unlink()) },
        { name: 'CPU1 (reader)', body: () => call('lookup', reader()) },
      ],
      properties: [
        {
          name: 'no-use-after-free',
          doc: 'the reader never finds the object freed',
          check: (final) => (final.value(touched) === 1 ? 'the reader uses a freed object' : undefined),
        },
      ],
    };
  },
};

describe('the public face', () => {
  it('exports these values', () => {
    expect(Object.keys(face).sort()).toMatchInlineSnapshot(`
      [
        "FaultPoints",
        "Fence",
        "FencepostError",
        "MODEL_NAMES",
        "Mark",
        "Memory",
        "ReadTree",
        "RecordedRuns",
        "add",
        "assume",
        "atomicAdd",
        "barrier",
        "branch",
        "call",
        "choice",
        "choiceAt",
        "choose",
        "clearBit",
        "cmpxchg",
        "defineProgram",
        "defineSite",
        "defineSiteRule",
        "deriveProposal",
        "exportCore",
        "exportLitmus",
        "fail",
        "fence",
        "fenceAt",
        "fetchAdd",
        "guarded",
        "guardedBy",
        "load",
        "loadAcquire",
        "localOf",
        "lockedOnX86",
        "noConcrete",
        "randomSequences",
        "rcuReadLock",
        "rcuReadUnlock",
        "readLitmus",
        "readLocal",
        "readLock",
        "readOnce",
        "readPlain",
        "readUnlock",
        "runConcrete",
        "runSequential",
        "search",
        "setBit",
        "smpMb",
        "smpMbAfterAtomic",
        "smpMbAfterSpinlock",
        "smpMbAfterSrcuReadUnlock",
        "smpMbAfterUnlockLock",
        "smpMbBeforeAtomic",
        "smpRmb",
        "smpWmb",
        "spinIsLocked",
        "spinLock",
        "spinTrylock",
        "spinUnlock",
        "srcuReadLock",
        "srcuReadUnlock",
        "store",
        "storeMb",
        "storeRelease",
        "synchronizeRcu",
        "synchronizeSrcu",
        "threadLocal",
        "update",
        "updateLocal",
        "waitUntil",
        "withFault",
        "wordAt",
        "writeLock",
        "writeOnce",
        "writePlain",
        "writeUnlock",
        "xchg",
      ]
    `);
  });

  it('exports these types', () => {
    // Types leave nothing behind at run time, so the file itself is asked.
    const source = readFileSync(new URL('../src/index.ts', import.meta.url), 'utf8');
    const types = [...source.matchAll(/export( type)? \{([^}]*)\}/g)].flatMap(([, all, names]) =>
      names
        .split(',')
        .map((name) => name.trim())
        .filter((name) => name !== '' && (all !== undefined || name.startsWith('type ')))
        .map((name) => name.replace(/^type /, '')),
    );
    expect(types.sort()).toMatchInlineSnapshot(`
      [
        "Answered",
        "Architecture",
        "BugPair",
        "CatalogueEntry",
        "Concrete",
        "ConcreteEnding",
        "ConcreteOptions",
        "Depends",
        "EventRef",
        "ExecutedEvent",
        "Execution",
        "Expectation",
        "Fault",
        "FaultPoint",
        "Final",
        "LitmusTest",
        "Location",
        "Lock",
        "ModelName",
        "Operation",
        "OptionOf",
        "OptionPattern",
        "Program",
        "Property",
        "Proposal",
        "RandomOptions",
        "RandomResult",
        "Read",
        "RecordedEnding",
        "RecordedOptions",
        "Rmw",
        "Scenario",
        "Search",
        "SearchOptions",
        "SearchResult",
        "SequentialOptions",
        "SequentialRun",
        "Site",
        "SiteRule",
        "Step",
        "Steps",
        "Thread",
        "ThreadLocal",
        "VerdictName",
        "Violation",
        "World",
      ]
    `);
    // By name only: `export *` would let out whatever a room has.
    expect(source).not.toMatch(/export \*/);
  });

  it.each(memoryModels.map((model) => ({ name: model.name, model })))(
    'is all that a scenario needs, under $name',
    ({ model }) => {
      for (const proposal of grace.proposals) {
        const { verdict, expected } = judge(grace, proposal, model);
        expect(verdict, proposal.name).toBe(expected);
      }
    },
  );

  it('reads litmus tests and writes them', () => {
    const memory = new Memory();
    const [x, y] = [memory.location('x'), memory.location('y')];
    const side = (mine: face.Location, other: face.Location): (() => face.Steps) =>
      function* () {
        yield* writeOnce(mine, 1);
        yield* readOnce(other);
      };
    const threads = [
      { name: 'P0', body: side(x, y) },
      { name: 'P1', body: side(y, x) },
    ];
    const text = face.exportLitmus(face.defineProgram('store-buffering', memory, threads));
    const test: face.LitmusTest = face.readLitmus(text, 'store-buffering.litmus');
    expect(test.arch).toBe('C');
    expect(test.program.threads).toHaveLength(2);
  });
});
