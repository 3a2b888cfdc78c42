/** A worker thread: tries one fault of KVM after the other. */
import { parentPort } from 'node:worker_threads';
import { loadSequential } from '../load.ts';
import { performMutant, type MmuMutantTask } from './trial.ts';

parentPort?.on('message', (task: MmuMutantTask) => {
  void loadSequential().then((known) =>
    parentPort?.postMessage(performMutant(known, task, () => performance.now())),
  );
});
