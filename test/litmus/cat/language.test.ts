/** What the operators of cat mean, as laws that hold in every execution of a few small programs. */
import { describe, expect, it } from 'vitest';
import { AXIOMS } from '../../../src/memory/axioms/index.ts';
import { Fence, Mark } from '../../../src/memory/event.ts';
import { fence, load, rmw, spinLock, spinUnlock, store } from '../../../src/program/operations.ts';
import { litmus } from '../../support/litmus.ts';
import { candidatesOf, modelOf } from './support.ts';

const buffering = litmus(
  function* ({ x, y, lock }) {
    yield* spinLock(lock);
    yield* store(x, 1, Mark.Once);
    yield* fence(Fence.Mb, 'smp_mb()');
    yield* load(y, Mark.Plain);
    yield* spinUnlock(lock);
  },
  function* ({ x, y, lock }) {
    const read = yield* load(x, Mark.Acquire);
    yield* store(y, 1, Mark.Release, { data: [read] });
    yield* spinLock(lock);
    yield* rmw(x, { how: 'add', value: 1 }, Mark.Full);
    yield* spinUnlock(lock);
  },
);
const candidates = candidatesOf(buffering, AXIOMS.lkmm);

/** Names of the flags that some candidate raises. */
function flagsOf(text: string): string[] {
  const model = modelOf(text);
  return [...new Set(candidates.flatMap((candidate) => model.flags(candidate)))].sort();
}

/** Both sides hold the same in every candidate. */
function same(left: string, right: string, before = ''): void {
  const text = `${before}\nlet left = ${left}\nlet right = ${right}
    flag ~empty (left \\ right) as more flag ~empty (right \\ left) as less flag ~empty left as something`;
  expect(flagsOf(text), `${left} = ${right}`).toEqual(['something']);
}

describe('operators', () => {
  it('there is something to compare', () => expect(candidates.length).toBeGreaterThan(4));

  it.each([
    ['a | b binds looser than ;', 'po | rf ; co', 'po | (rf ; co)'],
    ['; binds looser than \\', 'po ; po \\ rf', 'po ; (po \\ rf)'],
    ['\\ binds looser than &', 'po \\ rf & co', 'po \\ (rf & co)'],
    ['\\ goes to the left', 'po \\ rf \\ po-loc', '(po \\ rf) \\ po-loc'],
    ['& binds looser than *', 'po & R * W', 'po & (R * W)'],
    ['* is a product before an operand', 'po & M * _', '[M] ; po'],
    ['* is a closure elsewhere', 'po*', 'po+ | id'],
    ['* is a closure before ;', 'po* ; rf', '(po? ; rf) | (po ; rf)'],
    ['^* and ^+ are postfix too', 'rf^*', 'rf^+ | id'],
    ['~ binds tighter than &', '~R & W', '(~R) & W'],
    ['^-1 binds tighter than ~', '~rf^-1', '~(rf^-1)'],
    ['application binds tightest', 'domain rf | IW', 'domain(rf) | IW'],
    ['[S]', '[R | W]', '[R] | [W]'],
    ['~S', 'F', '~M'],
    ['? adds the identity', 'po?', 'po | id'],
    ['_ is everything', '_', 'M | F'],
    ['int and ext are a partition', '~int', 'ext'],
    ['fr', 'fr', 'rf^-1 ; co'],
    ['rfe, rfi', 'rf', 'rfe | rfi'],
    ['coe, coi', 'co', 'coe | coi'],
    ['fre, fri', 'fr', 'fre | fri'],
    ['fencerel', 'fencerel(MB & F)', 'po ; [F & MB] ; po'],
    ['domain and range', 'domain(rf) * range(rf) & rf', 'rf'],
    ['a tag names a set', "tag2events('MB)", 'MB'],
    ['the empty relation joins anything', 'po | 0', 'po'],
    ['the empty set joins anything', 'R | {}', 'R'],
    ['singlestep', 'singlestep(po)', 'po \\ (po ; po)'],
    ['sets by enumeration', '{ }  | R', 'R'],
    ['if', 'if R subset M then po else rf', 'po'],
    ['if of variants', 'if "mixed" || ~"mixed" && "other" then rf else po', 'po'],
    ['try', 'try Nowhere with R', 'R'],
    ['try of what is there', 'try W with R', 'W'],
    ['comments', 'po (* one (* inside *) another *) | rf', 'rf | po'],
    ['comments that end with the line', 'po // one (* not begun\n # another "\n | rf //', 'rf | po'],
  ])('%s', (_, left, right) => same(left, right));

  it('releases, acquires and atomics are where the table puts them', () => {
    same('ACQUIRE', 'ACQUIRE & R');
    same('RELEASE & W', 'RELEASE');
    same('rmw', '([RMW & R] ; po ; [RMW & W]) | ([LKR] ; po-loc ; [LKW]) \\ (po ; po)');
    same('RMW', 'MB \\ F');
    same('LKR | LKW | UL', 'M & ((LKR | LKW) | UL)');
  });
});

describe('definitions', () => {
  it('functions of one argument, of several, of a tuple, and curried', () => {
    same('both(rf, co)', 'rf | co', 'let both(a, b) = a | b');
    same('both rf co', 'rf | co', 'let both a b = a | b');
    same('twice po', 'po ; po', 'let twice r = r ; r');
    same('apply (fun r -> r^-1) rf', 'rf^-1', 'let apply f x = f x');
    same('flip(rf, po)', 'po ; rf', 'let flip = fun (a, b) -> b ; a');
    same('first', 'rf', 'let (first, second) = (rf, co)');
  });

  it('functions remember where they were defined', () => {
    same('old', 'po', 'let kept = po\nlet keep() = kept\nlet kept = rf\nlet old = keep()');
  });

  it('let in an expression, shadowing', () => {
    same('po', 'let r = rf in let r = po in r');
    same('r', 'po ; po', 'let r = po\nlet r = r ; r');
  });

  it('let rec is the least fixpoint', () => {
    same('closure', 'po+', 'let rec closure = po | closure ; po');
    same('odd', 'po ; (po ; po)*', 'let rec odd = po | (even ; po) and even = odd ; po');
    same('let rec r = rf | r ; r in r', 'rf+');
  });

  it('later names of a recursive group see what earlier ones have become', () => {
    // Not monotone: comes out right in this order only.
    same('taken', 'singlestep(po)', 'let rec free = po \\ (po ; po) \\ taken and taken = taken | free');
  });

  it('match on tags', () => {
    const wider = "let wider t = match t with || 'a -> R || 'b -> W || _ -> F end\n";
    same("wider 'a | wider 'b", 'R | W', wider);
    same("wider 'c", 'F', wider);
  });

  it('match on sets takes them apart, member by member', () => {
    same('all R', '[R]', 'let rec all s = match s with || {} -> 0 || e ++ es -> [{e}] | all es end');
    same('map (fun e -> e) W', 'W');
    same('map (fun p -> p) rf', 'rf');
  });

  it('enum makes a set of tags; tags without events are empty sets', () => {
    const model = modelOf(
      "enum Kinds = 'MB || 'never\ninstructions F[Kinds]\nflag ~empty Never as never\nflag ~empty MB as mb",
    );
    expect(candidates.flatMap((candidate) => model.flags(candidate))).toEqual(candidates.map(() => 'mb'));
  });

  it('procedures are called with their arguments', () => {
    const text =
      'procedure look(r, s) =\n  let t = r & s\n  flag ~empty t as seen\n  acyclic r as order\nend\n';
    expect(flagsOf(`${text}call look(rf, po)`)).toEqual([]);
    expect(
      flagsOf(`${text}call look(po, po)\nshow t as u, po\nunshow rf`.replace('show t', 'show rf')),
    ).toEqual(['seen']);
  });

  it('the variant of the kernel is on', () => {
    expect(flagsOf('flag ~empty (if "lkmmv2" then 0 else _) as older')).toEqual([]);
    expect(flagsOf('flag ~empty [FW] ; loc ; [LKR | UL] as final flag ~empty FW as some')).toEqual(['some']);
  });

  it('statements under a variant do not count', () => {
    expect(flagsOf('if "new" flag ~empty po as a else flag ~empty po as b end')).toEqual(['b']);
  });
});

describe('checks', () => {
  const first = (text: string): (string | undefined)[] => {
    const model = modelOf(text);
    return [...new Set(candidates.map((candidate) => model.judge(candidate.events)(candidate)))];
  };
  it('name what is broken', () => {
    expect(first('acyclic po as order')).toEqual([undefined]);
    expect(first('empty po as nothing')).toEqual(['nothing']);
    expect(first('irreflexive id as id')).toEqual(['id']);
    expect(first('~empty po as some')).toEqual([undefined]);
    expect(first('~acyclic po as loop')).toEqual(['loop']);
    expect(first('\n  empty po')).toEqual(['empty, model.cat:2']);
  });
  it('flags reject nothing', () => expect(first('flag ~empty po as something')).toEqual([undefined]));
  it('the title is the name', () => expect(modelOf('"A model" withco let x = po').name).toBe('A model'));
});
