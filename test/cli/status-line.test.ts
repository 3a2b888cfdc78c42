import { describe, expect, it } from 'vitest';
import { Bar } from '../../src/cli/bar.ts';
import type { Io } from '../../src/cli/io.ts';
import { Progress } from '../../src/cli/progress.ts';
import { StatusLine } from '../../src/cli/status-line.ts';

/** A stderr that can be read, and a clock that stands until it is moved. */
function stage(errIsTerminal: boolean) {
  const seen = { err: '', now: 0 };
  const io = { errIsTerminal, err: (text: string) => (seen.err += text), now: () => seen.now };
  return { seen, io: io as unknown as Io };
}

describe('the status line', () => {
  it('is rewritten on a terminal, and taken away once', () => {
    const { seen, io } = stage(true);
    const line = new StatusLine(io);
    line.clear();
    line.show('one');
    line.show('two');
    line.clear();
    line.clear();
    expect(seen.err).toBe('\r\x1b[Kone\r\x1b[Ktwo\r\x1b[K');
  });

  it('is a line like others elsewhere, and stays', () => {
    const { seen, io } = stage(false);
    const line = new StatusLine(io);
    line.show('one');
    line.clear();
    expect(seen.err).toBe('fencepost: one\n');
  });

  it.each([
    [true, 100],
    [false, 30_000],
  ])('is due now and then (on a terminal: %s)', (errIsTerminal, interval) => {
    const { seen, io } = stage(errIsTerminal);
    const line = new StatusLine(io);
    const dueAt = [0, interval - 1, interval, interval + 1, 2 * interval - 1, 2 * interval].filter((now) => {
      seen.now = now;
      return line.isDue();
    });
    expect(dueAt).toEqual([interval, 2 * interval]);
  });
});

describe('the progress of a search', () => {
  it('counts, and has a rate', () => {
    const { seen, io } = stage(false);
    const progress = new Progress(io);
    progress.begin('gate');
    progress.tick(1, 0);
    seen.now = 40_000;
    progress.tick(80_000, 40_000);
    progress.tick(90_000, 40_000);
    progress.clear();
    expect(seen.err).toBe('fencepost: gate: 80 000 executions, 40 000 blocked, 3 000/s\n');
  });
});

describe('the bar', () => {
  it('is for those who look, where there is something to wait for', () => {
    const shown = (errIsTerminal: boolean, total: number): string => {
      const { seen, io } = stage(errIsTerminal);
      const bar = new Bar(io, total, 'mutants');
      bar.show(1);
      bar.clear();
      return seen.err;
    };
    expect(shown(true, 2)).toBe(`\r\x1b[K${'█'.repeat(15)}${'░'.repeat(15)} 1/2 mutants\r\x1b[K`);
    expect(shown(true, 1)).toBe('');
    expect(shown(false, 2)).toBe('');
  });
});
