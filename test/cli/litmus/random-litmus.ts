/** Random C litmus tests: branches, RMWs, locks, RCU, equal values, pairs on one location; and random questions. */
import fc from 'fast-check';

const LOCATIONS = ['x', 'y'];
const REGISTERS = 2;
const MOST_THREADS = 3;

const location = fc.constantFrom(...LOCATIONS);
const register = fc.nat(REGISTERS - 1).map((i) => `r${i}`);
const value = fc.oneof(
  { arbitrary: fc.constantFrom(0, 1), weight: 5 },
  { arbitrary: fc.constant(2), weight: 1 },
);
const stored = fc.oneof({ arbitrary: value.map(String), weight: 3 }, { arbitrary: register, weight: 1 });

const access = fc.oneof(
  fc.tuple(register, location).map(([r, x]) => `${r} = READ_ONCE(*${x});`),
  fc.tuple(register, location).map(([r, x]) => `${r} = READ_ONCE(*${x});`),
  fc.tuple(location, stored).map(([x, v]) => `WRITE_ONCE(*${x}, ${v});`),
  fc.tuple(register, location).map(([r, x]) => `${r} = smp_load_acquire(${x});`),
  fc.tuple(location, stored).map(([x, v]) => `smp_store_release(${x}, ${v});`),
  fc.tuple(register, location, value).map(([r, x, v]) => `${r} = xchg(${x}, ${v});`),
  fc
    .tuple(register, location, value, value)
    .map(([r, x, old, v]) => `${r} = cmpxchg_relaxed(${x}, ${old}, ${v});`),
);
const plain = fc.oneof(
  fc.tuple(register, location).map(([r, x]) => `${r} = *${x};`),
  fc.tuple(location, stored).map(([x, v]) => `*${x} = ${v};`),
);
const fence = fc.constantFrom('smp_mb();', 'smp_wmb();', 'smp_rmb();', 'synchronize_rcu();');

const statement = fc.oneof(
  { arbitrary: access, weight: 8 },
  { arbitrary: plain, weight: 1 },
  { arbitrary: fence, weight: 2 },
  { arbitrary: fc.tuple(register, access).map(([r, body]) => `if (${r}) { ${body} }`), weight: 2 },
  {
    arbitrary: fc
      .tuple(register, value, access, access)
      .map(([r, v, then, otherwise]) => `if (${r} == ${v}) { ${then} } else { ${otherwise} }`),
    weight: 1,
  },
  { arbitrary: access.map((body) => `spin_lock(s); ${body} spin_unlock(s);`), weight: 1 },
  {
    arbitrary: fc
      .tuple(access, access)
      .map(([one, two]) => `rcu_read_lock(); ${one} ${two} rcu_read_unlock();`),
    weight: 2,
  },
);

const body = fc.array(statement, { minLength: 2, maxLength: 3 });

/** About registers that something is assigned to, where there are any. */
function propositions(bodies: readonly (readonly string[])[]): fc.Arbitrary<string> {
  const assigned = bodies.flatMap((lines, t) =>
    [...new Set(lines.join(' ').match(/r\d(?= = )/g) ?? [])].map((r) => `${t}:${r}`),
  );
  const variable = fc.constantFrom(...(assigned.length > 0 ? assigned : ['0:r0']));
  const atom = fc.oneof(
    { arbitrary: fc.tuple(variable, value).map(([r, v]) => `${r}=${v}`), weight: 4 },
    { arbitrary: fc.tuple(location, value).map(([x, v]) => `[${x}]=${v}`), weight: 2 },
    { arbitrary: fc.tuple(variable, variable).map(([a, b]) => `${a}=${b}`), weight: 1 },
  );
  return fc.letrec<{ tree: string }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 2, depthSize: 'small' },
      atom,
      atom,
      fc.tuple(tie('tree'), tie('tree')).map(([a, b]) => `(${a} /\\ ${b})`),
      fc.tuple(tie('tree'), tie('tree')).map(([a, b]) => `(${a} \\/ ${b})`),
      tie('tree').map((a) => `~(${a})`),
    ),
  })).tree;
}

/** The text of a test. */
export const randomLitmus: fc.Arbitrary<string> = fc
  .array(body, { minLength: 2, maxLength: MOST_THREADS })
  .chain((bodies) => {
    const asked = propositions(bodies);
    const quantifier = fc.constantFrom('exists', '~exists', 'forall');
    const filter = fc.option(asked, { freq: 5, nil: undefined });
    return fc
      .tuple(quantifier, asked, filter)
      .map(([word, proposition, kept]) =>
        [
          'C random',
          '{}',
          ...bodies.map(
            (lines, t) =>
              `P${t}(int *x, int *y, spinlock_t *s)\n{\n${['int r0; int r1;', ...lines].join('\n')}\n}`,
          ),
          ...(kept === undefined ? [] : [`filter (${kept})`]),
          `${word} (${proposition})`,
        ].join('\n'),
      );
  });
