import { Exit } from '../exit.ts';
import type { Io } from '../io.ts';
import { tableOf, wrapped } from '../table.ts';
import type { MutantResult } from './perform.ts';

/** As the mark of a safe verdict (reach.ts), in words: a survivor is one. */
function unsaidText({ reach }: MutantResult): string {
  return reach === 'constructible' ? ' (without executions out of thin air: there are too many to try)' : '';
}

/** What a mutation run has come to. */
export class MutantReport {
  readonly #results: readonly MutantResult[];
  readonly #reasons: Readonly<Record<string, string>>;

  constructor(results: readonly MutantResult[], reasons: Readonly<Record<string, string>>) {
    this.#results = results;
    this.#reasons = reasons;
  }

  text(io: Io, wanted: number): string {
    const caught = this.#results.filter((result) => result.caught !== undefined);
    const survivors = this.#results.filter((result) => result.caught === undefined);
    const rows = caught.map(({ mutant, caught: by }) =>
      [mutant, by?.scenario ?? '', by?.model ?? '', by?.by ?? ''].map((text) => ({ text })),
    );
    const titles = ['mutant', 'caught by', 'memory model', 'violates'];
    const table = tableOf(
      titles.map((title) => ({ title })),
      rows,
    );
    const unexplained = survivors.filter((result) => this.#reasonOf(result) === undefined).length;
    const parts = [
      `${this.#results.length} mutants`,
      `${caught.length} caught`,
      `${survivors.length - unexplained} explained`,
      ...(unexplained > 0 ? [io.paint('red', `${unexplained} neither`)] : []),
      ...(this.#results.length < wanted ? [`interrupted, ${wanted - this.#results.length} not tried`] : []),
    ];
    const explained = survivors.map((result) => this.#survivorText(result, io)).join('');
    const list = survivors.length === 0 ? '' : `\n${io.paint('bold', 'SURVIVORS')}\n${explained}`;
    return `${table}\n${parts.join(', ')}\n${list}`;
  }

  json(interrupted: boolean): string {
    const results = this.#results.map((result) => ({
      mutant: result.mutant,
      scenarios: result.scenarios,
      caught: result.caught ?? null,
      exhaustive: result.exhaustive,
      reach: result.reach,
      because: result.caught === undefined ? (this.#reasonOf(result) ?? null) : null,
    }));
    return `${JSON.stringify({ results, ...(interrupted && { interrupted }) }, null, 2)}\n`;
  }

  exit(): Exit {
    const survivors = this.#results.filter(({ caught }) => caught === undefined);
    if (survivors.some((result) => result.exhaustive && this.#reasonOf(result) === undefined))
      return Exit.Violated;
    return survivors.every(({ exhaustive }) => exhaustive) ? Exit.Holds : Exit.Inconclusive;
  }

  #survivorText(result: MutantResult, io: Io): string {
    const { mutant, scenarios, exhaustive } = result;
    const bound = exhaustive ? unsaidText(result) : ' (a search was stopped by its bound)';
    const reason =
      this.#reasonOf(result) ??
      `not caught by the scenarios tried, and no reason is known; passed by ${scenarios.join(', ')}`;
    return `${io.paint('bold', mutant)}${bound}\n${wrapped(reason, 96, '    ')}`;
  }

  #reasonOf({ mutant }: MutantResult): string | undefined {
    return Object.hasOwn(this.#reasons, mutant) ? this.#reasons[mutant] : undefined;
  }
}
