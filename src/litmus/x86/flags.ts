/** The flags that conditional instructions test. */
export interface Flags {
  readonly zero: boolean;
  readonly sign: boolean;
  readonly carry: boolean;
  readonly overflow: boolean;
}

export const NO_FLAGS: Flags = { zero: false, sign: false, carry: false, overflow: false };

export type Test = (flags: Flags) => boolean;

const equal: Test = ({ zero }) => zero;
const below: Test = ({ carry }) => carry;
const less: Test = ({ sign, overflow }) => sign !== overflow;
const belowOrEqual: Test = ({ carry, zero }) => carry || zero;
const lessOrEqual: Test = ({ zero, sign, overflow }) => zero || sign !== overflow;
const negative: Test = ({ sign }) => sign;
const overflown: Test = ({ overflow }) => overflow;
const not =
  (test: Test): Test =>
  (flags) =>
    !test(flags);

/** By the letters of a Jcc, SETcc or CMOVcc (SDM, appendix B.1.4.7); `lt` and `gt` are herd7's own. */
const TESTS: ReadonlyMap<string, Test> = new Map([
  ...['e', 'z'].map((name) => [name, equal] as const),
  ...['ne', 'nz'].map((name) => [name, not(equal)] as const),
  ...['b', 'c', 'nae'].map((name) => [name, below] as const),
  ...['ae', 'nb', 'nc'].map((name) => [name, not(below)] as const),
  ...['be', 'na'].map((name) => [name, belowOrEqual] as const),
  ...['a', 'nbe'].map((name) => [name, not(belowOrEqual)] as const),
  ...['l', 'lt', 'nge'].map((name) => [name, less] as const),
  ...['ge', 'nl'].map((name) => [name, not(less)] as const),
  ...['le', 'ng'].map((name) => [name, lessOrEqual] as const),
  ...['g', 'gt', 'nle'].map((name) => [name, not(lessOrEqual)] as const),
  ...['s'].map((name) => [name, negative] as const),
  ...['ns'].map((name) => [name, not(negative)] as const),
  ...['o'].map((name) => [name, overflown] as const),
  ...['no'].map((name) => [name, not(overflown)] as const),
]);

export function testNamed(name: string): Test | undefined {
  return TESTS.get(name);
}
