import sumBy from 'lodash-es/sumBy.js';
import { Exit } from '../exit.ts';
import type { Io } from '../io.ts';
import { exitOf } from '../judging.ts';
import { footnote, verdictText } from '../reach.ts';
import type { Row } from '../row.ts';
import { grouped, tableOf, Table, type Cell } from '../table.ts';

const LARGEST = 10;

/** The table of `regress`: a line for each scenario and proposal, a column for each memory model. */
export class Report {
  readonly #io: Io;
  readonly #models: readonly string[];
  readonly #table: Table;
  readonly #rows: Row[] = [];
  #line: Row[] = [];

  constructor(io: Io, tasks: readonly { scenario: string; proposal: string; model: string }[]) {
    this.#io = io;
    this.#models = [...new Set(tasks.map(({ model }) => model))];
    const widest = (texts: readonly string[]): number => Math.max(...texts.map(({ length }) => length));
    this.#table = new Table([
      { title: 'scenario', width: widest(tasks.map(({ scenario }) => scenario)) },
      { title: 'proposal', width: widest(tasks.map(({ proposal }) => proposal)) },
      ...this.#models.map((title) => ({ title, width: 'violated!'.length })),
      { title: 'executions', align: 'right', width: 11 },
      { title: 'time', align: 'right', width: 8 },
    ]);
  }

  /** Prints the line once all of its verdicts are there. */
  add(row: Row): void {
    this.#rows.push(row);
    this.#line.push(row);
    if (this.#line.length < this.#models.length) return;
    this.#io.out(this.#table.next(this.#cells(this.#line)));
    this.#line = [];
  }

  /** What it all came to; `wanted` verdicts were asked for. */
  end(wanted: number, milliseconds: number): void {
    const rows = this.#rows;
    const bounded = rows.filter(({ verdict }) => verdict === 'bounded').length;
    const wrong = rows.filter((row) => exitOf(row) === Exit.Violated).length;
    const io = this.#io;
    const parts = [
      `${rows.length} verdicts`,
      `${rows.length - bounded - wrong} as expected`,
      ...(wrong > 0 ? [io.paint('red', `${wrong} not as expected`)] : []),
      ...(bounded > 0 ? [io.paint('yellow', `${bounded} bounded`)] : []),
      ...(rows.length < wanted ? [io.paint('yellow', `interrupted, ${wanted - rows.length} not done`)] : []),
    ];
    const executions = sumBy(rows, 'executions');
    const peak = Math.round(process.resourceUsage().maxRSS / 1024);
    io.out(`\n${parts.join(', ')}\n${footnote(rows)}`);
    io.out(
      `${grouped(executions)} executions in ${(milliseconds / 1000).toFixed(1)} s, ${peak} MiB at the most\n`,
    );
    io.out(`\n${io.paint('bold', 'THE LARGEST SCENARIOS')}\n${this.#largest()}`);
  }

  #cells(line: readonly Row[]): Cell[] {
    const [{ scenario, proposal }] = line;
    const executions = sumBy(line, 'executions');
    const seconds = sumBy(line, 'seconds');
    const more = line.every(({ exhaustive }) => exhaustive) ? '' : '>=';
    return [
      { text: scenario },
      { text: proposal },
      ...this.#models.map((model) => this.#verdict(line.find((row) => row.model === model))),
      { text: `${more}${grouped(executions)}` },
      { text: `${seconds.toFixed(2)} s`, paint: (text) => this.#io.paint('dim', text) },
    ];
  }

  #verdict(row: Row | undefined): Cell {
    if (row === undefined) return { text: '-' };
    const outcome = exitOf(row);
    const isWrong = outcome === Exit.Violated;
    const colour = outcome === Exit.Inconclusive ? 'yellow' : isWrong ? 'red' : 'green';
    return {
      text: `${verdictText(row)}${isWrong ? '!' : ''}`,
      paint: (text) => this.#io.paint(colour, text),
    };
  }

  /** Of each scenario the verdict over the most executions, the first of these where several are. */
  #largest(): string {
    const ofScenario = new Map<string, Row>();
    for (const row of this.#rows) {
      const most = ofScenario.get(row.scenario);
      if (most === undefined || row.executions > most.executions) ofScenario.set(row.scenario, row);
    }
    const rows = [...ofScenario.values()].sort((a, b) => b.executions - a.executions).slice(0, LARGEST);
    const columns = [
      { title: 'executions', align: 'right' as const },
      { title: 'time', align: 'right' as const },
      { title: 'scenario' },
      { title: 'proposal' },
      { title: 'memory model' },
    ];
    return tableOf(
      columns,
      rows.map((row) =>
        [grouped(row.executions), `${row.seconds.toFixed(2)} s`, row.scenario, row.proposal, row.model].map(
          (text) => ({ text }),
        ),
      ),
    );
  }
}
