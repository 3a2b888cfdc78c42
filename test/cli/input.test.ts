import { mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readInput } from '../../src/cli/input.ts';
import { FencepostError } from '../../src/program/error.ts';

const folder = mkdtempSync(join(tmpdir(), 'fencepost-'));
writeFileSync(join(folder, 'text'), 'a\nb\n');
symlinkSync('loop', join(folder, 'loop'));

function refusal(name: string): unknown {
  try {
    return readInput(join(folder, name), name, 'try another');
  } catch (error) {
    if (!(error instanceof FencepostError)) throw error;
    const { code, message, place, hint } = error;
    return { code, message, file: place.file, hint };
  }
}

describe('readInput', () => {
  it('gives the text', () => {
    expect(readInput(join(folder, 'text'), 'text')).toBe('a\nb\n');
  });

  it('refuses what is no file in words of its own, by the name that the user has given', () => {
    const missing = { code: 'no-such-file', message: 'there is no such file', hint: undefined };
    expect(refusal('none')).toEqual({ ...missing, file: 'none' });
    expect(refusal('text/below')).toEqual({ ...missing, file: 'text/below' });
    const folders = { code: 'no-such-file', message: 'this is a folder, not a file', hint: 'try another' };
    expect(refusal('.')).toEqual({ ...folders, file: '.' });
  });

  it('says without the path why a file cannot be read', () => {
    expect(refusal('loop')).toEqual({
      code: 'unreadable-file',
      message: expect.stringMatching(/^ELOOP: [^,/]+$/) as unknown,
      file: 'loop',
      hint: undefined,
    });
  });
});
