import { Fence, Kind } from '../memory/event.ts';
import type { ModelName } from '../memory/model.ts';
import { isUnlock, writes, type Act, type Scene } from './act.ts';
import { accessName } from './act-text.ts';
import { missing, type Lack, type Ordering } from './repair.ts';

/** The orderings that are missing, one sentence each; the race needs all of them to be missing. */
export function missingText(scene: Scene, model: ModelName, numberOf: ReadonlyMap<Act, number>): string[] {
  const lacks = missing(scene, model);
  const waits = scene.execution.runs.some(({ ends }) => ends.status === 'waiting');
  if (lacks === 'ordered' && waits)
    return ['no ordering: no barrier ends this wait (locks taken in opposite orders, or a lost wake-up)'];
  if (lacks === 'ordered')
    return [
      'no ordering: this is a plain interleaving, which no barrier forbids (a logic error, or a missing lock)',
    ];
  if (lacks === 'unknown') return ['no fence or mark on these accesses alone rules this out'];
  return lacks.map((lack) => lackText(scene, model, lack, numberOf));
}

function lackText(scene: Scene, model: ModelName, lack: Lack, numberOf: ReadonlyMap<Act, number>): string {
  const named = (act: Act): string => `\`${accessName(scene.program.memory, act)}\` (${numberOf.get(act)})`;
  const marks = lack.marked.map(
    (act) =>
      `LKMM promises nothing about the plain access ${named(act)}: mark it ${writes(act) ? 'WRITE_ONCE()' : 'READ_ONCE()'}`,
  );
  if (lack.order === undefined) return marks.join('; ');
  const { first, second } = lack;
  const verb = writes(first) || isUnlock(first) ? 'be visible' : 'be done';
  const between = fencesBetween(scene, first, second)
    .map((fence) => `; ${named(fence)} ${shortcoming(fence, model)}`)
    .join('');
  const order = `${named(first)} must ${verb} before ${named(second)}: ${ORDERINGS[lack.order]} between them${between}`;
  return [order, ...marks].join('; ');
}

/** The weakest that helps, and what else would. */
const ORDERINGS: Readonly<Record<Ordering, string>> = {
  smp_mb: 'no full fence',
  smp_rmb: 'no smp_rmb() or acquire',
  smp_wmb: 'no smp_wmb() or release',
  release: 'no release or full fence',
};

function fencesBetween(scene: Scene, first: Act, second: Act): Act[] {
  return scene.threads[first.thread].filter(
    ({ place, head }) => place > first.place && place < second.place && head.label.kind === Kind.Fence,
  );
}

/** Why a fence that is there does not do. */
function shortcoming(act: Act, model: ModelName): string {
  const { fence } = act.head.label;
  if (fence === Fence.X86Only) return 'is one on x86 only';
  if (fence === Fence.Barrier || model === 'x86-tso') return 'only stops the compiler';
  return 'is not enough';
}
