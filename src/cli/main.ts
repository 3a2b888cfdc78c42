import { Exit } from './exit.ts';
import { processIo } from './io.ts';
import { run } from './run.ts';

// `fencepost check | head` is no error: the reader has seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(Exit.Holds);
});

process.exitCode = await run(process.argv.slice(2), processIo());
