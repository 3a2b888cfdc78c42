import { RuleTester } from 'eslint';
import tseslint from 'typescript-eslint';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'vitest';
import { layers } from '../../tools/eslint/layers.js';

RuleTester.describe = describe;
RuleTester.it = it;
RuleTester.itOnly = it.only;

const at = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

const valid = (path: string, code: string) => ({ name: `${path}: ${code}`, filename: at(path), code });

const invalid = (path: string, code: string, messageId: string, target?: string) => ({
  ...valid(path, code),
  errors: [target === undefined ? { messageId } : { messageId, data: facts(path, target) }],
});

/** What the message must name; `allowed` is left to the rule's own table. */
function facts(path: string, target: string): Record<string, string> {
  const allowed: Record<string, string> = {
    'src/memory': 'nothing of ours',
    'src/program': 'src/memory',
    'src/patch': 'src/program',
    models: 'fencepost, fencepost/mmu, fencepost/x86',
    scenarios: 'fencepost, fencepost/mmu, fencepost/x86, models',
  };
  const [first = '', second = ''] = path.split('/');
  const room = first === 'src' ? `${first}/${second}` : first;
  return { room, target, allowed: allowed[room] ?? '' };
}

const tester = new RuleTester({ languageOptions: { parser: tseslint.parser } });

tester.run('layers', layers, {
  valid: [
    valid('src/memory/lkmm.ts', "import { event } from './event.ts';"),
    valid('src/memory/models/lkmm.ts', "import { event } from '../event.ts';"),
    valid('src/memory/lkmm.ts', "import { readFileSync } from 'node:fs';"),
    valid('src/program/step.ts', "import type { Event } from '../memory/event.ts';"),
    valid('src/program/guarded.ts', "import { produce } from 'immer';"),
    valid('src/explore/graph.ts', "import { step } from '../program/step.ts';"),
    valid('src/check/audit.ts', "import { explore } from '../explore/index.ts';"),
    valid('src/cli/main.ts', "import { all } from '../../scenarios/index.ts';"),
    valid('src/cli/main.ts', "import { parse } from '../patch/parse.ts';"),
    valid('src/index.ts', "export { check } from './check/run.ts';"),
    valid('models/page-fault.ts', "import { read } from 'fencepost'; import { pte } from 'fencepost/mmu';"),
    valid('models/proposals/v6.12.ts', "import { sites } from '../page-fault.ts';"),
    valid('scenarios/unsync/basic.ts', "import { fault } from '../../models/fault/page-fault.ts';"),
    valid('scenarios/unsync/basic.ts', "import { scenario } from 'fencepost';"),
    valid('test/memory/lkmm.test.ts', "import { lkmm } from '../../src/memory/lkmm.ts';"),
    valid('bench/main.ts', "import { lkmm } from '../src/memory/lkmm.ts'; import 'immer';"),
    valid('src/memory/lkmm.ts', 'export const one = 1; void import(name);'),
    valid('src/memory/lkmm.ts', "import x from 'immerse';"),
  ],
  invalid: [
    invalid('src/memory/lkmm.ts', "import { step } from '../program/step.ts';", 'layer', 'src/program'),
    invalid('src/memory/lkmm.ts', "import type { Step } from '../program/step.ts';", 'layer', 'src/program'),
    invalid('src/memory/deep/lkmm.ts', "export * from '../../explore/x.ts';", 'layer', 'src/explore'),
    invalid('src/memory/lkmm.ts', "export { x } from '../explore/x.ts';", 'layer', 'src/explore'),
    invalid('src/memory/lkmm.ts', "void import('../cli/main.ts');", 'layer', 'src/cli'),
    invalid('src/memory/lkmm.ts', "type X = import('../trace/x.ts').X;", 'layer', 'src/trace'),
    invalid('src/memory/lkmm.ts', "import { x } from 'fencepost';", 'layer', 'fencepost'),
    invalid('src/program/step.ts', "import { check } from '../index.ts';", 'layer', 'src/index.ts'),
    invalid('src/patch/mail.ts', "import { parse } from '../litmus/c.ts';", 'layer', 'src/litmus'),
    invalid('src/program/step.ts', "import { x } from '../../models/roots/roots.ts';", 'layer', 'models'),
    invalid('src/index.ts', "export { main } from './cli/main.ts';", 'layer'),
    invalid('src/index.ts', "export { roots } from '../models/roots.ts';", 'layer'),
    invalid('models/roots.ts', "import { step } from '../src/program/step.ts';", 'layer', 'src/program'),
    invalid('models/roots.ts', "import { step } from '../src/index.ts';", 'layer', 'src/index.ts'),
    invalid('models/roots.ts', "import { s } from '../scenarios/unsync/basic.ts';", 'layer', 'scenarios'),
    invalid(
      'models/roots.ts',
      "import { s } from 'fencepost/dist/src/cli/x.js';",
      'layer',
      'fencepost/dist/src/cli/x.js',
    ),
    invalid('scenarios/a.ts', "import { pte } from '../src/mmu/pte.ts';", 'layer', 'src/mmu'),
    invalid('src/memory/lkmm.ts', "import { produce } from 'immer';", 'banned'),
    invalid('src/explore/graph.ts', "import { sortBy } from 'lodash-es';", 'banned'),
    invalid('src/explore/graph.ts', "import sortBy from 'lodash-es/sortBy.js';", 'banned'),
    invalid('src/novel/x.ts', 'export const x = 1;', 'unknownRoom'),
  ],
});
