import { FencepostError } from '../program/error.ts';
import { defineProgram, type Program, type Thread } from '../program/program.ts';
import type { Proposal } from '../program/site.ts';
import type { Scenario, World } from './scenario.ts';

/**
 * Makes the scenario's world afresh. Throws `world-failed` when the scenario cannot, and `world-incomplete`
 * when what it made is no world: scenario files of users are not type checked.
 */
export function makeWorld(scenario: Scenario): World {
  let world: World;
  try {
    world = scenario.world();
  } catch (error) {
    throw passOn(error, 'world-failed', `scenario «${scenario.name}»: its world() failed`);
  }
  const lacks = missing(world);
  if (lacks === undefined) return world;
  throw new FencepostError('world-incomplete', `scenario «${scenario.name}»: what world() returns ${lacks}`, {
    hint: 'it returns { memory: new Memory(), threads: [{ name, *body() {…} }, …], properties: [{ name, doc, check }] }',
  });
}

/** The closed program of a world under a proposal. A path that throws ends as `path-failed`. */
export function programOf(scenario: Scenario, world: World, proposal: Proposal): Program {
  const threads = world.threads.map(
    (thread): Thread => ({
      name: thread.name,
      *body() {
        try {
          yield* thread.body();
        } catch (error) {
          throw passOn(
            error,
            'path-failed',
            `scenario «${scenario.name}»: the path of ${thread.name} failed`,
          );
        }
      },
    }),
  );
  return defineProgram(scenario.name, world.memory, threads, proposal);
}

/** What foreign code threw, as an error with a code; errors that have one stay as they are. */
export function passOn(error: unknown, code: string, what: string): FencepostError {
  if (error instanceof FencepostError) return error;
  const detail = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new FencepostError(code, `${what}: ${detail}`, { hint: frameOf(error) });
}

/** Where it was thrown: the first line of the stack, for those who have to mend it. */
function frameOf(error: unknown): string | undefined {
  const frame = error instanceof Error ? /^\s+at (.*)$/m.exec(error.stack ?? '')?.[1] : undefined;
  return frame && `thrown at ${frame.replace('file://', '')}`;
}

function missing(world: unknown): string | undefined {
  if (typeof world !== 'object' || world === null) return 'is no object';
  const { memory, threads, properties } = world as Partial<Record<keyof World, unknown>>;
  if (typeof (memory as World['memory'] | undefined)?.initialValue !== 'function') return 'has no memory';
  if (!Array.isArray(threads) || threads.length === 0) return 'has no threads';
  for (const [i, thread] of (threads as Partial<Thread>[]).entries()) {
    if (typeof thread?.name !== 'string') return `has no name for threads[${i}]`;
    if (typeof thread.body !== 'function') return `has no generator function «body» in threads[${i}]`;
  }
  if (!Array.isArray(properties)) return 'has no list of properties';
  for (const [i, property] of (properties as Partial<World['properties'][number]>[]).entries()) {
    if (typeof property?.name !== 'string') return `has no name for properties[${i}]`;
    if (typeof property.check !== 'function') return `has no function «check» in properties[${i}]`;
  }
  return undefined;
}
