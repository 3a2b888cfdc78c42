import { resolve } from 'node:path';
import { canJudge } from '../../check/engine.ts';
import { memoryModels } from '../../memory/models.ts';
import { disagreements } from '../../patch/changed-proposal.ts';
import { readMail, type PatchReading } from '../../patch/report.ts';
import { FencepostError } from '../../program/error.ts';
import type { Proposal } from '../../program/site.ts';
import { proposalsOf, sitesOf, type Catalogue } from '../catalogue.ts';
import type { Call } from '../command.ts';
import { worst, type Exit } from '../exit.ts';
import { exitOfPatch, patchJson, printPatch, printReading } from '../patch/report.ts';
import { PatchJudge, type JudgedPatch } from '../patch/judge.ts';
import { readInput, STANDARD_INPUT } from '../input.ts';
import { proposalNamed } from '../proposal.ts';

/** `fencepost patch`. */
export async function patch(call: Call): Promise<Exit> {
  const { io, flags, words } = call;
  const [file] = words;
  const catalogue = await call.catalogue();
  const given =
    flags.base === undefined
      ? undefined
      : proposalNamed(proposalsOf(catalogue.scenarios), sitesOf(catalogue.scenarios), flags.base);
  const report = readMail(textOf(file, io.cwd), file === '-' ? 'standard input' : file, catalogue.rules);
  const models = memoryModels.filter(
    (model) => flags.model?.includes(model) ?? canJudge(flags.engine ?? 'graph', model.name),
  );
  const judge = new PatchJudge(catalogue.scenarios, models, flags, io);

  const judged: JudgedPatch[] = [];
  if (flags.json !== true) {
    const count = report.patches.length;
    io.out(`${report.subject ?? file}\n${count} ${count === 1 ? 'patch' : 'patches'} found\n`);
  }
  for (const [i, reading] of report.patches.entries()) {
    if (flags.json !== true) printReading(io, reading, i + 1);
    const base = given ?? guessBase(reading, catalogue);
    const result = judge.judge(reading, base, given === undefined);
    judged.push(result);
    if (flags.json !== true) printPatch(io, result);
    if (result.interrupted) break;
  }
  if (flags.json === true) io.out(`${JSON.stringify(patchJson(report, judged), null, 2)}\n`);
  return worst(judged.map(exitOfPatch));
}

/** The oldest kernel version whose code is what the patch removes; else the one that differs least. */
function guessBase(reading: PatchReading, { scenarios }: Catalogue): Proposal {
  const all = proposalsOf(scenarios);
  const versions = all.filter(({ name }) => /^v\d+\.\d+$/.test(name));
  const candidates = versions.length > 0 ? versions : all;
  if (candidates.length === 0)
    throw new FencepostError('nothing-to-check', 'there is no scenario to judge a patch by');
  const away = candidates.map((proposal) => disagreements(proposal, reading.changes).length);
  return candidates[away.indexOf(Math.min(...away))];
}

function textOf(file: string, cwd: string): string {
  return file === '-'
    ? readInput(STANDARD_INPUT, 'standard input')
    : readInput(resolve(cwd, file), file, 'give the mails one by one, or as one mbox');
}
