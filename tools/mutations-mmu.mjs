// The tables of docs/mutations-mmu.md, from what `fencepost mmu mutants --mmu KIND --json` has printed:
//   node tools/mutations-mmu.mjs shadow=FILE tdp=FILE direct=FILE nested=FILE
import { readFileSync } from 'node:fs';

const TITLES = {
  shadow: 'Shadow paging',
  tdp: 'The TDP MMU',
  direct: 'Two-dimensional paging by the legacy MMU',
  nested: 'Nested guests',
};

const FAULTS = [
  ['a call is left out', /: call /],
  ['a request bit is not set', / vcpu->requests$/],
  ['a role forgets a bit', / forgets /],
  ['a store is left out', /: (store|set) /],
  ['an update under a lock, or of the vCPU, is left out', /: update /],
  ['another atomic operation does nothing', /./],
];

const faultOf = ({ mutant }) => FAULTS.find(([, pattern]) => pattern.test(mutant))[0];
const count = (results, verdict) => results.filter((each) => each.verdict === verdict).length;

const runs = process.argv.slice(2).map((argument) => {
  const [kind, file] = argument.split('=');
  return { kind, results: JSON.parse(readFileSync(file, 'utf8')).results };
});

function row(title, results) {
  const caught = results.filter(({ verdict }) => verdict === 'caught');
  const longest = Math.max(0, ...caught.map(({ trace }) => trace.length));
  const counts = ['caught', 'broken', 'survived'].map((verdict) => count(results, verdict));
  return `| ${[title, results.length, ...counts, longest].join(' | ')} |`;
}

function* tables() {
  yield '| | faults | caught | broken | survived | longest trace |';
  yield '|---|---:|---:|---:|---:|---:|';
  for (const { kind, results } of runs) yield row(TITLES[kind], results);
  const all = runs.flatMap(({ results }) => results);
  for (const [fault] of FAULTS) {
    const some = all.filter((each) => faultOf(each) === fault);
    if (some.length > 0) yield row(fault, some);
  }
  for (const { kind, results } of runs) {
    yield `\n## ${TITLES[kind]}: survivors\n`;
    yield '| why | steps |';
    yield '|---|---|';
    for (const [because, some] of byReason(results)) yield `| ${because} | ${some.map(step).join(', ')} |`;
  }
}

const step = ({ mutant, depth }) => `\`${mutant}\` (${depth})`;

function byReason(results) {
  const by = new Map();
  const survivors = results.filter(({ verdict }) => verdict === 'survived');
  for (const each of survivors) by.set(each.because, [...(by.get(each.because) ?? []), each]);
  return by;
}

process.stdout.write(`${[...tables()].join('\n')}\n`);
