import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { sharedData } from '../support/corpus.ts';

const checkout = fileURLToPath(new URL('../..', import.meta.url));

describe('the shared data', () => {
  it('lies beside the checkout', () => {
    const { folder, url } = sharedData('litmus', {});
    expect(folder).toBe(join(dirname(checkout), 'shared', 'litmus'));
    expect(fileURLToPath(new URL('lkmm/a.litmus', url))).toBe(join(folder, 'lkmm/a.litmus'));
  });

  it('or where the environment says, and says so when it is not there', () => {
    const shared = mkdtempSync(join(tmpdir(), 'fencepost-shared-'));
    mkdirSync(join(shared, 'litmus'));
    const env = { FENCEPOST_SHARED: shared };
    expect(sharedData('litmus', env)).toMatchObject({ folder: join(shared, 'litmus'), missing: undefined });
    expect(sharedData('mail', env).missing).toBe(
      `there is no ${join(shared, 'mail')}: set FENCEPOST_SHARED to the folder that has mail`,
    );
  });
});
