import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { patchRules } from '../../models/patch-rules.ts';
import { readMail, type PatchReport } from '../../src/patch/report.ts';
import { mails } from '../support/corpus.ts';
import { describeWith } from '../support/describe-with.ts';

const names = mails.missing === undefined ? readdirSync(mails.folder).sort() : [];

function report(number: string): PatchReport {
  const name = names.find((other) => other.startsWith(`${number}_`)) ?? '';
  return readMail(readFileSync(join(mails.folder, name), 'utf8'), name, patchRules);
}

const changes = ({ patches }: PatchReport) =>
  patches.map((patch) => patch.changes.map(({ site, from, to }) => `${site.name}: ${from ?? '?'} -> ${to}`));

const kinds = ({ patches }: PatchReport) => patches.map(({ damage }) => damage.map(({ kind }) => kind));

describeWith(mails, 'the mails', () => {
  test('000: a patch, none of whose sites is modelled', () => {
    const read = report('000');
    expect(read.patches.map(({ title }) => title)).toEqual(['patch 1 (quoted at depth 2)']);
    expect(read.patches[0].files[0].hunks.map(({ functions }) => functions)).toEqual([['kvm_post_set_cr0']]);
    expect(changes(read)).toEqual([[]]);
    expect(kinds(read)).toEqual([['blanks-lost']]);
  });

  test('001: two patches at different depths, with answers inside', () => {
    const read = report('001');
    expect(read.patches.map(({ title }) => title)).toEqual([
      'patch 1 (quoted at depth 1)',
      'patch 2 (quoted at depth 2)',
    ]);
    expect(read.patches.map(({ files }) => files.map(({ hunks }) => hunks.length))).toEqual([[1], [1, 2, 2]]);
    expect(changes(read)).toEqual([[], []]);
    expect(read.patches.map(({ incomplete }) => incomplete)).toEqual([false, true]);
    expect(kinds(read)[1]).toContain('diffstat-differs');
  });

  test.each(['002', '004'])('%s: no patch', (number) => {
    expect(() => report(number)).toThrow(expect.objectContaining({ code: 'no-patch' }));
  });

  test('003: the lock removal, and the fences', () => {
    const read = report('003');
    expect(read.patches.map(({ title }) => title)).toEqual([
      'patch 1 (quoted at depth 3)',
      'patch 2 (unquoted)',
    ]);
    expect(changes(read)).toEqual([
      ['reexecute-read: locked -> READ_ONCE'],
      [
        'account-shadowed-after-increment: ? -> smp_mb()',
        'track-write-before-gate: ? -> smp_mb()',
        'track-write-gate-read: READ_ONCE -> plain',
        'reexecute-read: locked -> smp_mb+plain',
      ],
    ]);
    // The counts of the diffstats come out, so no changed line is lost or invented.
    expect(kinds(read)).toEqual([['blanks-lost', 'context-cut'], ['blanks-lost']]);
    expect(read.patches.map(({ incomplete }) => incomplete)).toEqual([false, false]);
    const reasons = read.patches[1].files.flatMap(({ hunks }) => hunks.map(({ unmapped }) => unmapped?.kind));
    expect(reasons).toEqual(['helper', undefined, undefined, undefined]);
  });

  test('003, cut anywhere: an error with a code, or a reading of what is there', () => {
    const name = names.find((other) => other.startsWith('003_')) ?? '';
    const lines = readFileSync(join(mails.folder, name), 'utf8').split('\n');
    for (let count = 0; count < lines.length; count++) {
      const read = () => readMail(lines.slice(0, count).join('\n'), name, patchRules);
      const inPatch =
        count >= 92 && count < 164 && ![119, 138, 149].some((end) => count >= end - 1 && count <= end + 1);
      if (inPatch)
        expect(read, `${count} lines`).toThrow(expect.objectContaining({ code: 'truncated-patch' }));
    }
  });
});
