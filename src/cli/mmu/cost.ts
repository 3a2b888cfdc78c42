/** `fencepost mmu cost`: counts events, fits their costs on one row of a mail's table, and predicts the other. */
import type { Counts } from '../../../models/sequential/index.ts';
import type { Proposal } from '../../program/site.ts';
import type { Call } from '../command.ts';
import { Exit } from '../exit.ts';
import { proposalNamed } from '../proposal.ts';
import { tableOf } from '../table.ts';
import { fitCosts, predict } from './fit.ts';
import { loadSequential, type Sequential } from './load.ts';

/** A constant, and how often it counts in one turn. */
interface Cost {
  readonly of: string;
  readonly count: (kind: Kind, counts: Counts) => number;
}

/** A table of a mail: what was measured before and after, for each MMU. */
interface Measured {
  readonly mail: string;
  readonly what: string;
  readonly unit: string;
  readonly policies: { readonly before: string; readonly after: string };
  readonly turn: 'ssdd' | 'toggle';
  /** The constants: no more than there are figures before, or they would fit anything. */
  readonly costs: readonly Cost[];
  readonly times: Readonly<Record<Kind, { readonly before: number; readonly after: number }>>;
}

const KINDS = ['direct', 'tdp', 'shadow'] as const;
type Kind = (typeof KINDS)[number];

const NAMES: Readonly<Record<Kind, string>> = { direct: 'legacy MMU', tdp: 'TDP MMU', shadow: 'shadow' };

/** What a policy causes besides the exits that the guest asks for: one cost for each piece of work. */
function mmuWork({ faults, rootsFreed, rootsLoaded, pagesBuilt, syncs, flushes }: Counts): number {
  return faults + rootsFreed + rootsLoaded + pagesBuilt + syncs + flushes;
}

const MEASURED: readonly Measured[] = [
  {
    mail: 'mail 000',
    what: 'ssdd 10 50000 on a W^X kernel',
    unit: 's',
    policies: { before: 'mail-000/queue', after: 'mail-000/queue+patch' },
    turn: 'ssdd',
    // Under shadow paging the processes themselves cost more: their faults and switches all exit.
    costs: [
      { of: 'everything else under two-dimensional paging', count: (kind) => (kind === 'shadow' ? 0 : 1) },
      { of: 'everything else under shadow paging', count: (kind) => (kind === 'shadow' ? 1 : 0) },
      { of: 'a piece of work of the MMU', count: (_, counts) => mmuWork(counts) },
    ],
    times: {
      direct: { before: 11.55, after: 7.32 },
      tdp: { before: 13.91, after: 7.31 },
      shadow: { before: 75.2, after: 74.6 },
    },
  },
  {
    mail: 'mail 004',
    what: 'a toggle of CR0 (vmexit.flat), v2 of the series',
    unit: 'cycles',
    policies: {
      before: 'mail-000/queue',
      after: 'role-change/update-root+cr0-wp-toggle=unload+tdp-root-last-put=zap',
    },
    turn: 'toggle',
    // The loop does nothing but toggle, so what is not the MMU's is the same everywhere.
    costs: [
      { of: 'everything else', count: () => 1 },
      { of: 'a root loaded', count: (_, { rootsLoaded }) => rootsLoaded },
      { of: 'a fault', count: (_, { faults }) => faults },
    ],
    times: {
      direct: { before: 5096, after: 4875 },
      tdp: { before: 46_754, after: 4879 },
      shadow: { before: 5150, after: 5006 },
    },
  },
];

export async function mmuCost({ flags, io }: Call): Promise<Exit> {
  const known = await loadSequential();
  const results = MEASURED.map((measured) => judge(known, measured));
  if (flags.json === true) io.out(`${JSON.stringify({ results }, null, 2)}\n`);
  else io.out(results.map(textOf).join('\n'));
  return Exit.Holds;
}

interface Predicted {
  readonly kind: Kind;
  readonly before: { readonly counts: Counts; readonly measured: number; readonly fitted: number };
  readonly after: { readonly counts: Counts; readonly measured: number; readonly predicted: number };
}

interface CostResult {
  readonly measured: Measured;
  readonly costs: readonly { readonly of: string; readonly cost: number }[];
  readonly fitted: number;
  readonly rows: readonly Predicted[];
}

function judge(known: Sequential, measured: Measured): CostResult {
  const policy = (name: string): Proposal => proposalNamed(known.POLICIES, known.sites, name);
  const count = (kind: Kind, name: string): Counts =>
    known.countTurn(known.COST_WORLDS[kind], policy(name), known.TURNS[measured.turn]);
  const counts = KINDS.map((kind) => ({
    kind,
    before: count(kind, measured.policies.before),
    after: count(kind, measured.policies.after),
  }));
  const columns = (kind: Kind, of: Counts): readonly number[] =>
    measured.costs.map(({ count: countOf }) => countOf(kind, of));
  const { costs, fitted } = fitCosts(
    counts.map(({ kind, before }) => columns(kind, before)),
    KINDS.map((kind) => measured.times[kind].before),
  );
  const rows = counts.map(({ kind, before, after }) => ({
    kind,
    before: {
      counts: before,
      measured: measured.times[kind].before,
      fitted: predict(columns(kind, before), costs),
    },
    after: {
      counts: after,
      measured: measured.times[kind].after,
      predicted: predict(columns(kind, after), costs),
    },
  }));
  return { measured, costs: measured.costs.map(({ of }, i) => ({ of, cost: costs[i] })), fitted, rows };
}

const EVENTS: readonly (keyof Counts)[] = [
  'exits',
  'faults',
  'rootsFreed',
  'rootsLoaded',
  'pagesBuilt',
  'syncs',
  'flushes',
  'kvmInitMmu',
];

function textOf({ measured, costs, fitted, rows }: CostResult): string {
  const { mail, what, unit, policies } = measured;
  const number = (value: number): string => (unit === 's' ? value.toFixed(2) : value.toFixed(0));
  const counted = tableOf(
    [
      { title: 'per turn' },
      { title: 'policy' },
      ...EVENTS.map((title) => ({ title, align: 'right' as const })),
    ],
    rows.flatMap(({ kind, before, after }) =>
      ([before, after] as const).map(({ counts }, i) => [
        { text: NAMES[kind] },
        { text: i === 0 ? 'before' : 'after' },
        ...EVENTS.map((event) => ({ text: String(counts[event]) })),
      ]),
    ),
  );
  const right = (title: string): { title: string; align: 'right' } => ({ title, align: 'right' });
  const predicted = tableOf(
    [
      { title: '' },
      right('before: mail'),
      right('fitted'),
      right('after: mail'),
      right('predicted'),
      right('residual'),
    ],
    rows.map(({ kind, before, after }) => [
      { text: NAMES[kind] },
      { text: number(before.measured) },
      { text: number(before.fitted) },
      { text: number(after.measured) },
      { text: number(after.predicted) },
      { text: number(after.predicted - after.measured) },
    ]),
  );
  const shown = costs.map(({ of, cost }) => `${of} ${number(cost)} ${unit}`).join(', ');
  return [
    `${mail}: ${what}\n  before: ${policies.before}\n  after:  ${policies.after}\n\n${counted}\n${predicted}\n`,
    `${fitted} of ${costs.length} constants fitted on ${rows.length} figures (before), none on those after;`,
    ` per turn: ${shown}\n`,
  ].join('');
}
