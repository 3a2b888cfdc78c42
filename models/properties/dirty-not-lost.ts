import type { Property } from 'fencepost';
import type { LoggedPage } from '../dirty-log/dirty-log.ts';

/** R5: what userspace has not copied is still named by the log, when all is done. */
export function dirtyNotLost({ data, copy, bitmap }: LoggedPage): Property {
  return {
    name: 'dirty-not-lost',
    doc: 'a page that was written after userspace has copied it has its bit set',
    check(final) {
      const [now, copied, word] = [data, copy, bitmap].map((each) => final.value(each));
      if (now === copied || (word & 1) !== 0) return undefined;
      return `${data.name} is ${now}, userspace has copied ${copied}, and the bit is clear: the page is lost`;
    },
  };
}
