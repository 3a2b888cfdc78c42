/** A worker thread: tries one mutant of the catalogue after the other. */
import { parentPort } from 'node:worker_threads';
import { ownCatalogue } from '../catalogue.ts';
import { perform, type MutantTask } from './perform.ts';

parentPort?.on('message', (task: MutantTask) => {
  void ownCatalogue().then((catalogue) => parentPort?.postMessage(perform(catalogue, task)));
});
