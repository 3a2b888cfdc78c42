/** The public face of fencepost: what a scenario of one's own needs. */
export { Fence, Mark } from './memory/event.ts';
export { MODEL_NAMES, type ModelName } from './memory/model.ts';
export {
  guardedBy,
  localOf,
  noConcrete,
  runConcrete,
  wordAt,
  type Concrete,
  type ConcreteEnding,
  type ConcreteOptions,
} from './program/concrete.ts';
export { ReadTree, type Answered } from './program/read-tree.ts';
export { RecordedRuns, type RecordedEnding, type RecordedOptions } from './program/recorded.ts';
export { FencepostError } from './program/error.ts';
export type { EventRef, ExecutedEvent, Execution } from './program/execution.ts';
export { FaultPoints, withFault, type Fault, type FaultPoint } from './program/fault.ts';
export { Memory, threadLocal, type Location, type Lock, type ThreadLocal } from './program/location.ts';
export type { Depends, Operation, Read, Rmw, Steps } from './program/operation.ts';
export {
  add,
  assume,
  atomicAdd,
  barrier,
  branch,
  call,
  choice,
  choose,
  clearBit,
  cmpxchg,
  fail,
  fence,
  fenceAt,
  fetchAdd,
  guarded,
  load,
  loadAcquire,
  lockedOnX86,
  rcuReadLock,
  rcuReadUnlock,
  readLocal,
  readLock,
  readOnce,
  readPlain,
  readUnlock,
  setBit,
  smpMb,
  smpMbAfterAtomic,
  smpMbAfterSpinlock,
  smpMbAfterSrcuReadUnlock,
  smpMbAfterUnlockLock,
  smpMbBeforeAtomic,
  smpRmb,
  smpWmb,
  spinIsLocked,
  spinLock,
  spinTrylock,
  spinUnlock,
  srcuReadLock,
  srcuReadUnlock,
  store,
  storeMb,
  storeRelease,
  synchronizeRcu,
  synchronizeSrcu,
  update,
  updateLocal,
  waitUntil,
  writeLock,
  writeOnce,
  writePlain,
  writeUnlock,
  xchg,
} from './program/operations.ts';
export { defineProgram, type Program, type Thread } from './program/program.ts';
export {
  runSequential,
  type SequentialOptions,
  type SequentialRun,
} from './program/sequential.ts';
export {
  choiceAt,
  defineSite,
  deriveProposal,
  type OptionOf,
  type Proposal,
  type Site,
} from './program/site.ts';
export type { Violation } from './program/violation.ts';
export { randomSequences, type RandomOptions, type RandomResult } from './check/search/random.ts';
export {
  search,
  type Search,
  type SearchOptions,
  type SearchResult,
  type Step,
} from './check/search/search.ts';
export type { CatalogueEntry } from './check/coverage.ts';
export type { Final, Property } from './check/property.ts';
export type { BugPair, Expectation, Scenario, VerdictName, World } from './check/scenario.ts';
export { defineSiteRule, type OptionPattern, type SiteRule } from './patch/rule.ts';
export { exportCore, exportLitmus } from './litmus/export.ts';
export { readLitmus } from './litmus/read.ts';
export type { Architecture, LitmusTest } from './litmus/test.ts';
