/**
 * Replay ids: `fp1:<scenario>/<proposal>/<memory model>:<digest>:<bytes>`. The digest is that of all
 * that the events say, so an id made by another version of the scenario or of its paths is refused
 * instead of showing something else. The last two bytes are a check sum against copying mistakes. A
 * proposal's name may hold slashes, the other two may not.
 */
import { createHash } from 'node:crypto';
import type { MemoryModel } from '../memory/model.ts';
import { isWriteKind } from '../memory/event.ts';
import { FencepostError } from '../program/error.ts';
import type { Execution } from '../program/execution.ts';
import type { Program } from '../program/program.ts';
import type { BehaviourTree } from '../program/tree.ts';
import { isConsistent } from './consistent.ts';
import { decodeExecution } from './decoding.ts';
import { executionBytes } from './encoding.ts';

/** Which program an execution belongs to, by name. */
export interface ReplayKey {
  readonly scenario: string;
  readonly proposal: string;
  readonly model: string;
}

export interface ReplayId extends ReplayKey {
  readonly text: string;
  readonly digest: string;
  readonly payload: Uint8Array;
}

const VERSION = 'fp1';
const CHECK_BYTES = 2;
const HINT = 'copy the whole id, from «fp1:» to the end of the line';

export function replayId(key: ReplayKey, program: Program, execution: Execution): string {
  const head = `${VERSION}:${key.scenario}/${key.proposal}/${key.model}:${digestOf(program, execution)}`;
  const payload = executionBytes(execution);
  return `${head}:${Buffer.concat([payload, checkSum(head, payload)]).toString('base64url')}`;
}

/** Splits an id into its parts. Throws `replay-malformed`, `replay-version` or `replay-damaged`. */
export function parseReplayId(text: string): ReplayId {
  const id = text.trim();
  const parts = /^(fp\d+):([^:/\s]+)\/([^:\s]+)\/([^:/\s]+):([0-9a-f]{8}):([\w-]+)$/.exec(id);
  if (parts === null) {
    if (/^fp\d+:/.test(id)) throw damaged('the replay id is incomplete or damaged');
    throw new FencepostError('replay-malformed', 'this is not a replay id', {
      hint: 'it looks like fp1:SCENARIO/PROPOSAL/MODEL:DIGEST:BYTES, and `fencepost check` prints it with each counterexample',
    });
  }
  const [, version, scenario, proposal, model, digest, code] = parts;
  if (version !== VERSION) {
    throw new FencepostError('replay-version', `replay ids of the kind «${version}» are not known here`, {
      hint: `this fencepost reads ${VERSION}; run the check again with it to get a new id`,
    });
  }
  const bytes = Buffer.from(code, 'base64url');
  const payload = bytes.subarray(0, -CHECK_BYTES);
  const head = id.slice(0, id.lastIndexOf(':'));
  if (bytes.toString('base64url') !== code || !checkSum(head, payload).equals(bytes.subarray(-CHECK_BYTES)))
    throw damaged('the replay id is damaged: its check sum is wrong');
  return { text: id, scenario, proposal, model, digest, payload };
}

/**
 * Rebuilds the execution of an id. Throws `replay-stale` when it does not fit the program as it is now,
 * and `replay-inconsistent` when the memory model does not allow it (any more).
 */
export function replay(id: ReplayId, tree: BehaviourTree, model: MemoryModel): Execution {
  const execution = decodeExecution(id.payload, tree);
  if (execution === undefined || digestOf(tree.program, execution) !== id.digest) {
    throw new FencepostError(
      'replay-stale',
      `the replay id is of another version of scenario «${id.scenario}» or of its paths`,
      { hint: `run \`fencepost check ${id.scenario} --proposal ${id.proposal} --model ${id.model}\` again` },
    );
  }
  if (!isConsistent(execution, model.name)) {
    throw new FencepostError('replay-inconsistent', `${model.name} does not allow this execution`, {
      hint: 'the memory model is another one than when the id was made; run the check again',
    });
  }
  return execution;
}

/** Eight hex digits over what the threads do in the execution, in words; not over what they read. */
export function digestOf(program: Program, execution: Execution): string {
  const hash = createHash('sha256');
  execution.runs.forEach((run, t) => {
    hash.update(`${program.threads[t].name}\n`);
    for (const { label, value } of run.events) {
      const where = label.loc < 0 ? '' : program.memory.at(label.loc).name;
      const stored = isWriteKind(label.kind) ? value : '';
      hash.update(`${label.kind} ${label.mark} ${label.fence} ${where} ${label.text} ${stored}\n`);
    }
    hash.update(`${run.ends.status}\n`);
  });
  return hash.digest('hex').slice(0, 8);
}

function checkSum(head: string, payload: Uint8Array): Buffer {
  return createHash('sha256').update(head).update(payload).digest().subarray(0, CHECK_BYTES);
}

function damaged(message: string): FencepostError {
  return new FencepostError('replay-damaged', message, { hint: HINT });
}
