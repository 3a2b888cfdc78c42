import type { Catalogue } from '../../src/cli/catalogue.ts';
import { supervised } from '../../src/cli/interrupt.ts';
import type { Colour, Io } from '../../src/cli/io.ts';
import { run } from '../../src/cli/run.ts';
import { defineSiteRule } from '../../src/patch/rule.ts';
import { deadlock, gate, sites, wakeUp } from './scenarios.ts';

export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A catalogue of small scenarios, so that what is printed hangs on nothing else. */
export const catalogue: Catalogue = {
  scenarios: [gate, wakeUp(1), deadlock],
  protocols: [
    { id: 'P01', title: 'the gate' },
    { id: 'P99', title: 'nothing', because: 'nobody has asked' },
  ],
  bugs: [{ id: 'C01', title: 'the gate without fences' }],
  survivors: {},
  rules: [
    defineSiteRule({
      site: sites.gate,
      functions: ['kvm_mmu_track_write'],
      options: [{ option: 'smp_mb()', code: [/\bsmp_mb\(\)/] }],
      otherwise: 'none',
      doc: 'the fence before the gate',
    }),
    defineSiteRule({
      site: sites.increment,
      functions: ['account_shadowed'],
      options: [{ option: 'smp_mb()', code: [/\bsmp_mb\(\)/] }],
      otherwise: 'none',
      doc: 'the fence after the increment',
    }),
  ],
};

interface Setting {
  readonly catalogue?: Catalogue;
  readonly cwd?: string;
  readonly colour?: boolean;
  readonly errIsTerminal?: boolean;
  /** Milliseconds that pass between two looks at the clock. */
  readonly tick?: number;
  /** Where Ctrl-C is to come at a certain point. */
  readonly supervise?: (work: () => void) => boolean;
}

/** Runs a command line in this process. The clock stands still unless told otherwise. */
export async function fencepost(argv: readonly string[], setting: Setting = {}): Promise<Outcome> {
  const out: string[] = [];
  const err: string[] = [];
  let clock = 0;
  const io: Io = {
    out: (text) => void out.push(text),
    err: (text) => void err.push(text),
    paint: (how: Colour, text) => (setting.colour === true ? `<${how}>${text}</>` : text),
    supervise: setting.supervise ?? supervised,
    errIsTerminal: setting.errIsTerminal ?? false,
    cwd: setting.cwd ?? process.cwd(),
    now: () => (clock += setting.tick ?? 0),
  };
  const code = await run(argv, io, () => Promise.resolve(setting.catalogue ?? catalogue));
  return { code, out: out.join(''), err: err.join('') };
}
