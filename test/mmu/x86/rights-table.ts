/**
 * The rules of SDM 4.6 and 4.7 said a second time, as a table of what must hold for each access; the oracle
 * of the walk and of KVM's bitmap. It shares no code with either.
 */

export interface Flags {
  readonly wp: boolean;
  readonly smep: boolean;
  readonly smap: boolean;
  readonly ac: boolean;
  readonly nxe: boolean;
  /** CR4.PAE */
  readonly pae: boolean;
  /** Protection keys are in force; then AD and WD of the page's key. */
  readonly pke: boolean;
  readonly ad: boolean;
  readonly wd: boolean;
}

/** One entry of a path, its rights said positively but for NX. */
export interface Entry {
  readonly p: boolean;
  readonly w: boolean;
  readonly u: boolean;
  readonly nx: boolean;
  readonly reserved: boolean;
}

export type Who = 'user' | 'supervisor' | 'implicit';
export type Kind = 'read' | 'write' | 'fetch';

type Condition = (flags: Flags, w: boolean, nx: boolean) => boolean;
const always: Condition = () => true;
const never: Condition = () => false;
const writable: Condition = (_, w) => w;
const writableOrNoWp: Condition = ({ wp }, w) => w || !wp;
const executable: Condition = ({ nxe }, _, nx) => !(nxe && nx);
const noSmep: Condition = ({ smep }) => !smep;
const noSmap: Condition = ({ smap }) => !smap;
const noSmapOrAc: Condition = ({ smap, ac }) => !smap || ac;
const keyReads: Condition = ({ pke, ad }) => !(pke && ad);
const keyWrites: Condition = ({ pke, ad, wd }) => !(pke && (ad || wd));
const keyWritesOrNoWp: Condition = ({ pke, ad, wd, wp }) => !(pke && (ad || (wd && wp)));

type Row = Readonly<Record<Kind, readonly Condition[]>>;

/** 4.6.1, first half: addresses with U/S clear in some entry. */
const SUPERVISOR_ADDRESS: Readonly<Record<Who, Row>> = {
  supervisor: { read: [always], write: [writableOrNoWp], fetch: [executable] },
  implicit: { read: [always], write: [writableOrNoWp], fetch: [never] },
  user: { read: [never], write: [never], fetch: [never] },
};

/** 4.6.1, second half: addresses with U/S set in every entry; keys count for data here alone (4.6.2). */
const USER_ADDRESS: Readonly<Record<Who, Row>> = {
  supervisor: {
    read: [noSmapOrAc, keyReads],
    write: [noSmapOrAc, writableOrNoWp, keyWritesOrNoWp],
    fetch: [noSmep, executable],
  },
  implicit: { read: [noSmap, keyReads], write: [noSmap, writableOrNoWp, keyWritesOrNoWp], fetch: [never] },
  user: { read: [keyReads], write: [writable, keyWrites], fetch: [executable] },
};

const KEY_CONDITIONS: readonly Condition[] = [keyReads, keyWrites, keyWritesOrNoWp];

/** What a path comes to: the first entry that ends it, or the rights that all its entries give. */
export type Summary = 'not-present' | 'reserved' | `${'W' | '-'}${'U' | '-'}${'X' | '-'}`;

/** Of a path from the top down. */
export function summarise(path: readonly Entry[]): Summary {
  const broken = path.find(({ p, reserved }) => !p || reserved);
  if (broken !== undefined) return broken.p ? 'reserved' : 'not-present';
  const w = path.every((entry) => entry.w) ? 'W' : '-';
  const u = path.every((entry) => entry.u) ? 'U' : '-';
  return `${w}${u}${path.some((entry) => entry.nx) ? '-' : 'X'}`;
}

/** The error code of an access; undefined: it succeeds. */
export function expectedFault(summary: Summary, who: Who, kind: Kind, flags: Flags): number | undefined {
  const bits = [
    kind === 'write' ? 'W' : '',
    who === 'user' ? 'U' : '',
    kind === 'fetch' && (flags.smep || (flags.pae && flags.nxe)) ? 'I' : '',
  ];
  if (summary === 'not-present') return errorCode(bits);
  if (summary === 'reserved') return errorCode([...bits, 'P', 'R']);
  const rows = summary.includes('U') ? USER_ADDRESS : SUPERVISOR_ADDRESS;
  const failed = rows[who][kind].filter(
    (holds) => !holds(flags, summary.includes('W'), !summary.includes('X')),
  );
  if (failed.length === 0) return undefined;
  return errorCode([...bits, 'P', failed.some((rule) => KEY_CONDITIONS.includes(rule)) ? 'K' : '']);
}

/** SDM figure 4-12, bit 0 first. */
function errorCode(letters: readonly string[]): number {
  return [...'PWURIK'].reduce((code, letter, bit) => code + (letters.includes(letter) ? 2 ** bit : 0), 0);
}
