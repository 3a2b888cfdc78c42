/**
 * Read-side sections of RCU and SRCU, and the grace periods that wait for them, on the abstract machine. A grace
 * period waits for the sections that were open when it began; a section is open until its end, and all that
 * the thread had stored by then, has reached memory: the kernel waits for CPUs to pass a full fence.
 */
import { FencepostError } from '../program/error.ts';
import { domainEntered, domainLeft, RCU } from '../program/read-domain.ts';
import type { Behaviour } from '../program/tree.ts';

export interface Section {
  readonly thread: number;
  /** Program-order index of its beginning. */
  readonly at: number;
  readonly domain: number;
}

/** The section that begins with the event; undefined for other events. */
export function sectionBegun({ thread, at, label }: Behaviour): Section | undefined {
  const domain = domainEntered(label);
  return domain === undefined ? undefined : { thread, at, domain };
}

/**
 * The section that ends with the event, among those of which no end is on its way to memory. Throws
 * `engine-model` where a cookie of another thread is used, for the machine follows none through memory.
 */
export function sectionEnded({ thread, label }: Behaviour, open: readonly Section[]): Section | undefined {
  const domain = domainLeft(label);
  if (domain === undefined) return undefined;
  const own = open.filter((section) => section.thread === thread && section.domain === domain);
  if (domain === RCU) return own.at(-1);
  const section = own.find(({ at }) => label.data.includes(at));
  if (section !== undefined) return section;
  throw new FencepostError(
    'engine-model',
    `the interleaving oracle cannot follow the cookie of «${label.text}» from thread to thread`,
    { hint: 'use --engine graph or --engine enumerate' },
  );
}

export function isSameSection(a: Section, b: Section): boolean {
  return a.thread === b.thread && a.at === b.at;
}
