/** Traces: a witness made readable. */
export { renderRace, type RaceOptions } from './race.ts';
export { renderSummary, type Summary } from './summary.ts';
