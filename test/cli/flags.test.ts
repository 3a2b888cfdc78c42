import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FLAGS, type Flag, type FlagName } from '../../src/cli/flags.ts';

const parse = (name: FlagName, text: string, before?: unknown): unknown =>
  (FLAGS[name] as Flag).parse?.(text, before as never);

const codeOf = (name: FlagName, text: string): unknown => {
  try {
    return parse(name, text);
  } catch (error) {
    return (error as { code?: string }).code;
  }
};

describe('a time', () => {
  const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, '': 1000 } as const;

  it('is a number with its unit, seconds without one', () => {
    expect(['500ms', '30s', '1.5m', '1h', '7'].map((text) => parse('maxTime', text))).toEqual([
      500, 30_000, 90_000, 3_600_000, 7000,
    ]);
    const unit = fc.constantFrom(...(Object.keys(UNITS) as (keyof typeof UNITS)[]));
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100_000 }),
        fc.integer({ min: 0, max: 99 }),
        unit,
        (n, part, of) => {
          const fraction = String(part).padStart(2, '0');
          expect(parse('maxTime', `${n}${of}`)).toBe(n * UNITS[of]);
          expect(parse('maxTime', `${n}.${fraction}${of}`)).toBeCloseTo((n + part / 100) * UNITS[of], 3);
        },
      ),
    );
  });

  it.each([
    '',
    '0',
    '0s',
    '-1s',
    's',
    '.5s',
    '1.s',
    '1 s',
    ' 1s',
    '1h30m',
    '1d',
    '1e3',
    'Infinity',
    'NaN',
    '1S',
  ])('is not «%s»', (text) => {
    expect(codeOf('maxTime', text)).toBe('bad-time');
  });
});

describe('a number', () => {
  const counts = ['maxExecutions', 'depth', 'vcpus', 'random', 'seed'] as const;

  it('is whole, from 1 on, and may be grouped', () => {
    expect(parse('maxExecutions', '1_000_000')).toBe(1_000_000);
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
        fc.constantFrom(...counts),
        (n, flag) => {
          expect(parse(flag, String(n))).toBe(n);
          expect(parse(flag, String(n).replace(/\B(?=(\d{3})+$)/g, '_'))).toBe(n);
        },
      ),
    );
  });

  it.each(['', '_', '0', '-1', '1.5', '1e3', '0x10', ' 1', '1 000', 'ten', '9007199254740992'])(
    'is not «%s»',
    (text) => {
      for (const flag of counts) expect(codeOf(flag, text)).toBe('bad-number');
    },
  );
});

describe('a list of names', () => {
  const lists = ['proposal', 'policy', 'only'] as const;

  it('may be given at once or one by one', () => {
    const name = fc.string({ unit: fc.constantFrom('a', '6', '.', '+', '='), minLength: 1, maxLength: 5 });
    const names = fc.array(name, { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(names, fc.constantFrom(...lists), (all, flag) => {
        expect(parse(flag, all.join(','))).toEqual(all);
        expect(parse(flag, ` ${all.join(' , ')},`)).toEqual(all);
        expect(all.reduce<unknown>((before, each) => parse(flag, each, before), undefined)).toEqual(all);
      }),
    );
  });

  it.each(['', ',', ' , '])('is not «%s»', (text) => {
    for (const flag of ['model', ...lists] as const) expect(codeOf(flag, text)).toBe('no-name');
  });

  it('of memory models has those that there are', () => {
    const models = parse('model', 'lkmm,sc') as { name: string }[];
    expect(models.map(({ name }) => name)).toEqual(['lkmm', 'sc']);
    expect(codeOf('model', 'sc,tso9')).toBe('unknown-memory-model');
  });
});
