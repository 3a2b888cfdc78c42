/**
 * Access rights as KVM writes them (`ACC_*_MASK`), and what they are compared by: the kinds of access
 * that they let through. CR0.WP is taken as set, so the supervisor obeys W too.
 */
export const ACC_EXEC_MASK = 1;
export const ACC_WRITE_MASK = 2;
export const ACC_USER_MASK = 4;
export const ACC_ALL = ACC_EXEC_MASK | ACC_WRITE_MASK | ACC_USER_MASK;

export interface AccessKind {
  readonly name: string;
  /** The rights without which it faults. */
  readonly needs: number;
}

const WAYS = [
  { name: 'read', needs: 0 },
  { name: 'write', needs: ACC_WRITE_MASK },
  { name: 'fetch', needs: ACC_EXEC_MASK },
];

export const ACCESS_KINDS: readonly AccessKind[] = [
  ...WAYS.map(({ name, needs }) => ({ name: `supervisor ${name}`, needs })),
  ...WAYS.map(({ name, needs }) => ({ name: `user ${name}`, needs: needs | ACC_USER_MASK })),
];

export function permits(access: number, kind: AccessKind): boolean {
  return (kind.needs & ~access) === 0;
}

/** `W|U` and the like; a right that is missing is left out. */
function showAccess(access: number): string {
  const rights = [
    [ACC_WRITE_MASK, 'W'],
    [ACC_USER_MASK, 'U'],
    [ACC_EXEC_MASK, 'X'],
  ] as const;
  return rights
    .filter(([mask]) => (access & mask) !== 0)
    .map(([, name]) => name)
    .join('|');
}

/** A frame with its rights: the name alone when nothing is forbidden. */
export function showGrant(name: string, access: number): string {
  return access === ACC_ALL ? name : `${name} ${showAccess(access) || 'supervisor, read only'}`;
}
