import type { Scenario } from '../../check/scenario.ts';
import { MODEL_NAMES } from '../../memory/model.ts';
import { FencepostError } from '../../program/error.ts';
import { AS_WRITTEN } from '../../program/program.ts';
import type { Proposal, Site } from '../../program/site.ts';
import { nearestHint } from '../nearest.ts';

type Fields = Readonly<Record<string, unknown>>;

/** The parts that may be left out; everything else has to be there. */
const DEFAULTS = {
  doc: '',
  sources: [],
  sites: [],
  proposals: [AS_WRITTEN],
  expectations: [],
} satisfies Partial<Scenario>;

/**
 * What the default export of a scenario file holds: a scenario or a list of them. Throws `scenario-shape`,
 * naming file and field, when it is something else, `unknown-site` and `unknown-option` where a proposal
 * chooses what the scenario's sites do not offer.
 */
export function scenariosOf(exported: unknown, file: string): Scenario[] {
  if (exported === undefined) {
    throw new FencepostError('scenario-shape', 'there is no default export', {
      file,
      hint: 'end the file with `export default scenario` or `export default [scenario, …]`',
    });
  }
  const list: readonly unknown[] = Array.isArray(exported) ? exported : [exported];
  if (list.length === 0)
    throw new FencepostError('scenario-shape', 'the default export is an empty list', { file });
  return list.map((each, i) => new Shape(file, Array.isArray(exported) ? `[${i}]` : '').scenario(each));
}

class Shape {
  readonly #file: string;
  readonly #root: string;

  constructor(file: string, root: string) {
    this.#file = file;
    this.#root = root;
  }

  scenario(value: unknown): Scenario {
    if (!isFields(value)) throw this.#wrong('', 'an object with name, question and world');
    // What was written stays reachable behind it, so that world() finds whatever else hangs on it.
    const fields = Object.create(value) as Record<string, unknown>;
    for (const [key, absent] of Object.entries(DEFAULTS)) if (value[key] === undefined) fields[key] = absent;
    this.#name(fields, 'name', 'name', /^[^\s:/,]+$/, 'blanks, colons, commas and slashes');
    this.#text(fields, 'question');
    this.#text(fields, 'doc');
    if (typeof fields.world !== 'function') {
      throw this.#wrong('world', 'a function that returns { memory, threads, properties }');
    }
    this.#list(fields, 'sources', (source, at) => {
      if (typeof source !== 'string') throw this.#wrong(at, 'a text');
    });
    this.#list(fields, 'sites', (site, at) => this.#site(site, at));
    const sites = fields.sites as readonly Site[];
    this.#list(fields, 'proposals', (proposal, at) => this.#proposal(proposal, at, sites));
    const proposals = (fields.proposals as readonly Proposal[]).map(({ name }) => name);
    if (proposals.length === 0) throw this.#wrong('proposals', 'a list with at least one proposal');
    this.#list(fields, 'expectations', (expectation, at) => this.#expectation(expectation, at, proposals));
    return fields as unknown as Scenario;
  }

  #site(site: unknown, at: string): void {
    if (!isFields(site)) throw this.#wrong(at, 'a site, made by defineSite()');
    for (const key of ['name', 'fn', 'doc']) this.#text(site, key, at);
    if (!isTexts(site.options) || site.options.length === 0)
      throw this.#wrong(`${at}.options`, 'a list of texts');
  }

  #proposal(proposal: unknown, at: string, sites: readonly Site[]): void {
    if (!isFields(proposal)) throw this.#wrong(at, 'a proposal: { name, doc, choices }');
    this.#name(proposal, 'name', `${at}.name`, /^[^\s:,+]+$/, 'blanks, colons, commas and pluses');
    this.#text(proposal, 'doc', at);
    const { choices } = proposal;
    if (!isFields(choices) || !isTexts(Object.values(choices))) {
      throw this.#wrong(`${at}.choices`, 'an object from site names to options');
    }
    // No path would ask for such a choice, and the proposal would be judged as if it had made none.
    for (const [name, option] of Object.entries(choices as Proposal['choices'])) {
      const site = sites.find((each) => each.name === name);
      if (site !== undefined && site.options.includes(option)) continue;
      const [kind, word, known] =
        site === undefined
          ? (['site', name, sites.map((each) => each.name)] as const)
          : (['option', option, site.options] as const);
      const field = this.#path(site === undefined ? `${at}.choices` : `${at}.choices.${name}`);
      throw new FencepostError(`unknown-${kind}`, `«${field}»: there is no ${kind} «${word}»`, {
        file: this.#file,
        hint: known.length > 0 ? nearestHint(word, known) : 'the scenario has no sites: list them in `sites`',
      });
    }
  }

  #expectation(expectation: unknown, at: string, known: readonly string[]): void {
    if (!isFields(expectation)) throw this.#wrong(at, 'an expectation: { proposals, verdicts, because }');
    this.#text(expectation, 'because', at);
    const { proposals, verdicts } = expectation;
    if (!isTexts(proposals)) throw this.#wrong(`${at}.proposals`, 'a list of names');
    const stranger = proposals.find((name) => !known.includes(name));
    if (stranger !== undefined) {
      throw this.#wrong(`${at}.proposals`, `names of this scenario's proposals; «${stranger}» is none`);
    }
    if (!isFields(verdicts)) throw this.#wrong(`${at}.verdicts`, 'an object from memory models to verdicts');
    for (const [model, verdict] of Object.entries(verdicts)) {
      if (!(MODEL_NAMES as readonly string[]).includes(model))
        throw this.#wrong(`${at}.verdicts`, `memory models (${MODEL_NAMES.join(', ')}); «${model}» is none`);
      if (verdict !== 'safe' && verdict !== 'violated')
        throw this.#wrong(`${at}.verdicts.${model}`, "'safe' or 'violated'");
    }
  }

  #list(fields: Fields, key: string, each: (item: unknown, at: string) => void): void {
    const list = fields[key];
    if (!Array.isArray(list)) throw this.#wrong(key, 'a list');
    list.forEach((item, i) => each(item, `${key}[${i}]`));
  }

  #text(fields: Fields, key: string, at?: string): void {
    if (typeof fields[key] !== 'string') throw this.#wrong(at === undefined ? key : `${at}.${key}`, 'a text');
  }

  /** Names stand in tables, in flags and in replay ids. */
  #name(fields: Fields, key: string, at: string, pattern: RegExp, without: string): void {
    const name = fields[key];
    if (typeof name !== 'string' || !pattern.test(name)) throw this.#wrong(at, `a name without ${without}`);
  }

  #wrong(field: string, wanted: string): FencepostError {
    const where = this.#path(field) || 'the default export';
    return new FencepostError('scenario-shape', `«${where}» must be ${wanted}`, { file: this.#file });
  }

  #path(field: string): string {
    return [this.#root, field].filter((part) => part !== '').join('.');
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
