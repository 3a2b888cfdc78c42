/** A worker thread: judges one task of the catalogue after the other. */
import { parentPort } from 'node:worker_threads';
import { ownCatalogue } from '../catalogue.ts';
import { perform, type RegressTask } from './perform.ts';

parentPort?.on('message', (task: RegressTask) => {
  void ownCatalogue().then((catalogue) => parentPort?.postMessage(perform(catalogue, task)));
});
