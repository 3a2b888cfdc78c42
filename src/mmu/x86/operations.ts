/** What a guest may do to its paging registers and translation caches, as plain data. */

export type Operation =
  | { readonly op: 'mov-cr0'; readonly value: number }
  /** `noflush` is bit 63 of the operand. */
  | { readonly op: 'mov-cr3'; readonly value: number; readonly noflush?: boolean }
  | { readonly op: 'mov-cr4'; readonly value: number }
  | { readonly op: 'wrmsr-efer'; readonly value: number }
  | { readonly op: 'wrpkru'; readonly value: number }
  /** STAC, CLAC, POPF, IRET: EFLAGS.AC. */
  | { readonly op: 'set-ac'; readonly ac: boolean }
  /** SYSCALL, IRET and the like. */
  | { readonly op: 'set-cpl'; readonly cpl: 0 | 3 }
  | { readonly op: 'invlpg'; readonly page: number }
  | { readonly op: 'invpcid'; readonly type: InvpcidType; readonly pcid: number; readonly page: number }
  /** A page fault that the processor delivers for an access to this page. */
  | { readonly op: 'page-fault'; readonly page: number };

/** Address, single context, all with globals, all but globals (SDM 2B, INVPCID). */
export type InvpcidType = 0 | 1 | 2 | 3;
