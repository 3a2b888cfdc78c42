/**
 * RCU, SRCU and the lock tests that leave no lock taken: the operations exist in the vocabulary of litmus
 * tests before step programs know them.
 */
import { FencepostError } from '../../program/error.ts';
import type { Location, Lock } from '../../program/location.ts';
import type { Read, Steps } from '../../program/operation.ts';

export const rcuReadLock = (): Steps => missing('rcu_read_lock()');
export const rcuReadUnlock = (): Steps => missing('rcu_read_unlock()');
export const synchronizeRcu = (): Steps => missing('synchronize_rcu()');
export const srcuReadLock = (at: Location): Steps<Read> => missing(`srcu_read_lock(&${at.name})`);
export const srcuReadUnlock = (at: Location, cookie: Read): Steps =>
  missing(`srcu_read_unlock(&${at.name}, ${cookie.value})`);
export const synchronizeSrcu = (at: Location): Steps => missing(`synchronize_srcu(&${at.name})`);
export const smpMbAfterSrcuReadUnlock = (): Steps => missing('smp_mb__after_srcu_read_unlock()');
export const spinTrylock = (lock: Lock): Steps<boolean> => missing(`spin_trylock(&${lock.name})`);
export const spinIsLocked = (lock: Lock): Steps<boolean> => missing(`spin_is_locked(&${lock.name})`);

function* missing(what: string): Steps<never> {
  throw new FencepostError('unsupported-macro', `${what} is not supported yet`);
}
