import type { ModelName } from '../model.ts';
import type { AxiomModel } from './common.ts';
import { lkmmAxioms, lkmmMarkedAxioms } from './lkmm.ts';
import { scAxioms } from './sc.ts';
import { x86TsoAxioms } from './x86-tso.ts';

/** Every memory model as mathematics: the oracle that the fast checkers are held against (DESIGN.md 5). */
export const AXIOMS: Readonly<Record<ModelName, AxiomModel>> = {
  sc: scAxioms,
  'x86-tso': x86TsoAxioms,
  'lkmm-marked': lkmmMarkedAxioms,
  lkmm: lkmmAxioms,
};

export { type AxiomModel } from './common.ts';
export {
  eventStructure,
  INIT_THREAD,
  isMemoryEvent,
  type Candidate,
  type CandidateEvent,
  type EventStructure,
} from './candidate.ts';
export { FLAG_NAMES, misuseFlags, raceFlags, type FlaggedEvents, type FlagName } from './flags.ts';
export { linksOf, type Link } from './links.ts';
