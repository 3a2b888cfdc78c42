import groupBy from 'lodash-es/groupBy.js';
import { Exit } from '../../exit.ts';
import type { Io } from '../../io.ts';
import { tableOf, wrapped } from '../../table.ts';
import type { MmuMutantResult } from './trial.ts';

/** What a run over the faults of KVM has come to. */
export class MmuMutantReport {
  readonly #results: readonly MmuMutantResult[];
  readonly #reasons: Readonly<Record<string, string>>;
  readonly #depth: number;

  /** `reasons` says of survivors why nothing can be seen of them, or what it would take; `depth` was asked for. */
  constructor(results: readonly MmuMutantResult[], reasons: Readonly<Record<string, string>>, depth: number) {
    this.#results = results;
    this.#reasons = reasons;
    this.#depth = depth;
  }

  text(io: Io, wanted: number): string {
    const { caught = [], broken = [], survived = [] } = groupBy(this.#results, 'verdict');
    const unexplained = survived.filter((each) => this.#reasonOf(each) === undefined);
    const parts = [
      `${this.#results.length} mutants: ${caught.length} caught`,
      `${broken.length} break the path itself`,
      `${survived.length - unexplained.length} explained`,
      ...(unexplained.length > 0 ? [io.paint('red', `${unexplained.length} neither`)] : []),
      ...(this.#results.length < wanted ? [`interrupted, ${wanted - this.#results.length} not tried`] : []),
    ];
    return [
      table(caught),
      `\n${parts.join(', ')}\n`,
      section('BREAK THE PATH ITSELF', broken, ({ violation }) => violation?.message ?? '', io),
      section('SURVIVORS', survived, (each) => this.#reasonOf(each) ?? 'no reason is known', io),
    ].join('');
  }

  json(interrupted: boolean): string {
    const results = this.#results.map((each) => ({
      ...each,
      because: each.verdict === 'survived' ? (this.#reasonOf(each) ?? null) : null,
    }));
    return `${JSON.stringify({ results, ...(interrupted && { interrupted }) }, null, 2)}\n`;
  }

  exit(): Exit {
    const unexplained = this.#results.filter(
      (each) => each.verdict === 'survived' && this.#reasonOf(each) === undefined,
    );
    if (unexplained.length === 0) return Exit.Holds;
    return unexplained.some(({ depth }) => depth >= this.#depth) ? Exit.Violated : Exit.Inconclusive;
  }

  #reasonOf({ mutant }: MmuMutantResult): string | undefined {
    return Object.hasOwn(this.#reasons, mutant) ? this.#reasons[mutant] : undefined;
  }
}

function table(caught: readonly MmuMutantResult[]): string {
  const rows = caught.map(({ mutant, world = '', trace = [], violation }) => [
    { text: mutant },
    { text: world },
    { text: String(trace.length) },
    { text: violation?.property ?? '' },
  ]);
  const columns = [
    { title: 'step left out or altered' },
    { title: 'caught in' },
    { title: 'operations', align: 'right' as const },
    { title: 'violates' },
  ];
  return tableOf(columns, rows);
}

function section(
  title: string,
  results: readonly MmuMutantResult[],
  textOf: (result: MmuMutantResult) => string,
  io: Io,
): string {
  if (results.length === 0) return '';
  const entries = results.map((each) => {
    const depth = each.verdict === 'survived' ? ` (to depth ${each.depth})` : '';
    return `${io.paint('bold', each.mutant)}${depth}\n${wrapped(textOf(each), 96, '    ')}`;
  });
  return `\n${io.paint('bold', title)}\n${entries.join('')}`;
}
