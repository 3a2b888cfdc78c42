// The layer rule: one table says which rooms a room may import; a room is a folder directly below src.
import { dirname, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const everything = Symbol('everything');

/** Who may import what besides itself. A room below src that is missing here is an error. */
const mayImport = {
  'src/memory': [],
  'src/program': ['src/memory'],
  'src/explore': ['src/memory', 'src/program'],
  'src/mmu': [],
  'src/trace': ['src/memory', 'src/program'],
  'src/litmus': ['src/memory', 'src/program'],
  'src/patch': ['src/program'],
  'src/check': ['src/memory', 'src/program', 'src/explore', 'src/trace'],
  'src/cli': everything,
  // The public face: the library stays free of the command line, and of the models that import it.
  'src/index.ts': [
    'src/memory',
    'src/program',
    'src/explore',
    'src/mmu',
    'src/trace',
    'src/litmus',
    'src/patch',
    'src/check',
  ],
  // These use the library as any user would, by its name.
  models: ['fencepost', 'fencepost/mmu', 'fencepost/x86'],
  scenarios: ['fencepost', 'fencepost/mmu', 'fencepost/x86', 'models'],
};

/** Packages that allocate too much for the rooms that hold the hot path. */
const banned = {
  'src/memory': ['immer', 'lodash-es'],
  'src/explore': ['immer', 'lodash-es'],
};

function roomOf(file) {
  const [first, second] = relative(root, file).split(sep);
  return first === 'src' ? `${first}/${second}` : first;
}

/** What an import names: a room, `fencepost` or one of its sub-entries; undefined for other packages. */
function targetOf(specifier, file) {
  if (/^\.{0,2}\//.test(specifier) || /^\.{1,2}$/.test(specifier)) {
    return roomOf(resolve(dirname(file), specifier));
  }
  return /^fencepost(\/|$)/.test(specifier) ? specifier : undefined;
}

const packageOf = (specifier) =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');

/** @type {import('eslint').Rule.RuleModule} */
export const layers = {
  meta: {
    type: 'problem',
    schema: [],
    docs: { description: 'rooms import only what the layer table allows' },
    messages: {
      unknownRoom: '{{room}} is not in the layer table (tools/eslint/layers.js)',
      layer: '{{room}} may not import {{target}}; it may import {{allowed}}',
      banned: '{{room}} may not import {{target}}: it allocates in the hot path',
    },
  },
  create(context) {
    const room = roomOf(context.filename);
    if (!Object.hasOwn(mayImport, room)) {
      if (!room.startsWith('src/')) return {};
      return { Program: (node) => context.report({ node, messageId: 'unknownRoom', data: { room } }) };
    }
    const allowed = mayImport[room];

    function check(source) {
      if (source?.type !== 'Literal' || typeof source.value !== 'string') return;
      const target = targetOf(source.value, context.filename);
      if (target === undefined) {
        const name = packageOf(source.value);
        if (banned[room]?.includes(name)) {
          context.report({ node: source, messageId: 'banned', data: { room, target: name } });
        }
      } else if (allowed !== everything && target !== room && !allowed.includes(target)) {
        const data = { room, target, allowed: allowed.join(', ') || 'nothing of ours' };
        context.report({ node: source, messageId: 'layer', data });
      }
    }

    return {
      ImportDeclaration: (node) => check(node.source),
      ExportNamedDeclaration: (node) => check(node.source),
      ExportAllDeclaration: (node) => check(node.source),
      ImportExpression: (node) => check(node.source),
      TSImportType: (node) => check(node.source),
    };
  },
};
