import { styleText } from 'node:util';
import { supervised } from './interrupt.ts';

export type Colour = 'red' | 'green' | 'yellow' | 'cyan' | 'bold' | 'dim';

/** What a command needs of the world around it; tests bring their own. */
export interface Io {
  /** The result. */
  out(text: string): void;
  /** Progress and errors. */
  err(text: string): void;
  /** Colours a piece of the result, where it goes to a terminal that wants colours. */
  paint(colour: Colour, text: string): string;
  /** Does long work and says whether it came to its end, that is, whether nobody has pressed Ctrl-C. */
  supervise(work: () => void): boolean;
  readonly errIsTerminal: boolean;
  readonly cwd: string;
  /** Milliseconds that only grow. */
  now(): number;
}

interface Stream {
  readonly isTTY?: boolean;
}

/** NO_COLOR and FORCE_COLOR as everybody understands them; else colours are for terminals. */
export function wantsColour(env: NodeJS.ProcessEnv, stream: Stream): boolean {
  const { FORCE_COLOR: force, NO_COLOR: no, TERM: term } = env;
  if (force !== undefined) return force !== '0' && force !== 'false';
  if (no !== undefined && no !== '') return false;
  return stream.isTTY === true && term !== 'dumb';
}

export function processIo(): Io {
  const colour = wantsColour(process.env, process.stdout);
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    paint: (how, text) => (colour ? styleText(how, text, { validateStream: false }) : text),
    supervise: supervised,
    errIsTerminal: process.stderr.isTTY === true,
    cwd: process.cwd(),
    now: () => performance.now(),
  };
}
