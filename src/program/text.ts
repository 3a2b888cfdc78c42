import { Mark } from '../memory/event.ts';
import type { LockMode } from './operation.ts';

type Access = 'read' | 'write' | 'set' | 'add' | 'or' | 'and-not' | 'map' | 'cmpxchg';

const SUFFIX: Readonly<Record<Mark, string>> = {
  [Mark.Plain]: '_relaxed',
  [Mark.Once]: '_relaxed',
  [Mark.Acquire]: '_acquire',
  [Mark.Release]: '_release',
  [Mark.Full]: '',
  [Mark.Noreturn]: '',
  [Mark.SrcuLock]: '',
  [Mark.SrcuUnlock]: '',
};

const ATOMIC = {
  set: 'xchg',
  add: 'atomic_fetch_add',
  or: 'atomic_fetch_or',
  'and-not': 'atomic_fetch_andnot',
  map: 'atomic_fetch_update',
  cmpxchg: 'cmpxchg',
} as const;

/** The C spelling of an access to a named location. */
export function accessText(access: Access, mark: Mark, name: string): string {
  switch (access) {
    case 'read':
      if (mark === Mark.Plain) return name;
      return mark === Mark.Acquire ? `smp_load_acquire(&${name})` : `READ_ONCE(${name})`;
    case 'write':
      if (mark === Mark.Plain) return name;
      return mark === Mark.Release ? `smp_store_release(&${name})` : `WRITE_ONCE(${name})`;
    case 'set':
    case 'add':
    case 'or':
    case 'and-not':
    case 'map':
    case 'cmpxchg':
      return mark === Mark.Noreturn ? `atomic_add(&${name})` : `${ATOMIC[access]}${SUFFIX[mark]}(&${name})`;
  }
}

export function unlockText(mode: LockMode): string {
  return mode === 'spin' ? 'spin_unlock()' : `${mode}_unlock()`;
}
