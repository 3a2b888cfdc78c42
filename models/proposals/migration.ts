/** A vCPU that moves without a flush (KVM-MMU.md P27; G4). */
import { migrationFlush } from '../sites/migration.ts';
import { derive } from './derive.ts';
import { versions } from './versions/index.ts';

export const noMigrationFlush = derive(
  versions['v7.1'],
  'v7.1/no-migration-flush',
  'a vCPU that comes to another CPU does not flush',
  [migrationFlush, 'none'],
);
