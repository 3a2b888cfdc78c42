/** An emulated locked cmpxchg of a page that is logged (KVM-MMU.md A16, P20). */
import { branch, call, type Steps } from 'fencepost';
import { markPageDirty } from '../fault/fast-page-fault.ts';
import { isDirtiedByCmpxchg } from '../shadow/emulated-write.ts';
import { tryCmpxchgUser } from '../vm/guest-memory.ts';
import type { LoggedPage } from './dirty-log.ts';

/** `emulator_cmpxchg_emulated()`; nothing of the page is shadowed. */
export function cmpxchgGuestPage(page: LoggedPage, expected: number, value: number): Steps {
  return call('emulator_cmpxchg_emulated', exchange(page, expected, value));
}

function* exchange({ data, bitmap }: LoggedPage, expected: number, value: number): Steps {
  const found = yield* tryCmpxchgUser(data, expected, value);
  yield* branch(found);
  if (yield* isDirtiedByCmpxchg(found.ok)) yield* markPageDirty(bitmap);
}
