/** Mutations of what is published without a lock (KVM-MMU.md G4; P14, P15, P16). */
import * as sites from '../sites/published.ts';
import { mutationsOf } from './derive.ts';
import { versions } from './versions/index.ts';

const mutate = mutationsOf(versions['v7.1']);

export const publishOnce = mutate('publish-once', 'published without a release', [
  sites.publishStore,
  'WRITE_ONCE()',
]);
export const publishEarly = mutate('publish-early', 'published before it is allocated', [
  sites.publishStore,
  'before the allocation',
]);
export const publishedOnce = mutate('published-once', 'looked at without an acquire', [
  sites.publishLoad,
  'READ_ONCE()',
]);
export const publishTwice = mutate(
  'publish-twice',
  'who gets slots_arch_lock allocates, whether or not somebody has before',
  [sites.publishRecheck, 'skip'],
);
