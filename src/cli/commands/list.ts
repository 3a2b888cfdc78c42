import type { Scenario } from '../../check/scenario.ts';
import { makeWorld } from '../../check/world.ts';
import { memoryModels } from '../../memory/models.ts';
import type { ModelName } from '../../memory/model.ts';
import { FencepostError } from '../../program/error.ts';
import { proposalsOf, sitesOf } from '../catalogue.ts';
import type { Call } from '../command.ts';
import { printEntries, type Entry } from '../entries.ts';
import { Exit } from '../exit.ts';
import { listProtocols } from '../list/protocols.ts';

const MODEL_DOCS: Readonly<Record<ModelName, string>> = {
  sc: 'Sequential consistency: the events in one line, each read sees the last write. What most people imagine.',
  'x86-tso':
    'x86: stores wait in a store buffer that only their own CPU looks into; LOCKed instructions and smp_mb() drain it. Optimistic about plain accesses, which the compiler may move.',
  'lkmm-marked':
    'The Linux-kernel memory model (v6.14), each plain access taken as READ_ONCE() or WRITE_ONCE().',
  lkmm: 'The Linux-kernel memory model (v6.14): plain accesses that race are promised nothing.',
};

/** `fencepost list`. */
export async function list({ words, flags, io, catalogue }: Call): Promise<Exit> {
  const kinds = [flags.proposals, flags.models, flags.sites, flags.protocols].filter((flag) => flag === true);
  if (kinds.length > 1) {
    throw new FencepostError(
      'too-many-lists',
      'only one of --proposals, --models, --sites and --protocols can be listed',
    );
  }
  if (flags.protocols === true) return listProtocols(await catalogue(), words, flags, io);
  const { scenarios } = flags.models === true ? { scenarios: [] } : await catalogue();
  const all =
    flags.models === true
      ? memoryModels.map(({ name }) => ({ name, texts: [MODEL_DOCS[name]] }))
      : flags.proposals === true
        ? proposalEntries(scenarios)
        : flags.sites === true
          ? siteEntries(scenarios)
          : scenarios.map(scenarioEntry);
  printEntries(all, words, io, flags.json === true);
  return Exit.Holds;
}

function scenarioEntry(scenario: Scenario): Entry {
  const { name, question, proposals } = scenario;
  const { threads } = makeWorld(scenario);
  return {
    name,
    texts: [
      question,
      `${threads.length} threads: ${threads.map((thread) => thread.name).join(', ')}`,
      `proposals: ${proposals.map((proposal) => proposal.name).join(', ')}`,
    ],
  };
}

function proposalEntries(scenarios: readonly Scenario[]): Entry[] {
  return proposalsOf(scenarios).map(({ name, doc, choices }) => {
    const chosen = Object.entries(choices).map(([site, option]) => `${site} = ${option}`);
    return { name, texts: chosen.length === 0 ? [doc] : [doc, chosen.join(', ')] };
  });
}

function siteEntries(scenarios: readonly Scenario[]): Entry[] {
  return sitesOf(scenarios).map((site) => ({
    name: site.name,
    texts: [
      `${site.fn}(): ${site.doc}`,
      `options: ${site.options.join(', ')} (without a choice the first)`,
      `scenarios: ${scenarios
        .filter(({ sites }) => sites.some((other) => other.name === site.name))
        .map(({ name }) => name)
        .join(', ')}`,
    ],
  }));
}
