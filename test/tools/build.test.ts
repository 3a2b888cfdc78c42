import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { folders } from '../../tools/build.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));

const isBuilt = (path: string): boolean => folders.some((folder) => path.startsWith(`${folder}/`));

describe('the build', () => {
  it('watches what tsc compiles', () => {
    const text = readFileSync(join(root, 'tsconfig.json'), 'utf8');
    const { config } = ts.parseConfigFileTextToJson('tsconfig.json', text) as {
      config: { include: string[] };
    };
    expect(config.include).toEqual(folders);
  });

  // What is imported from elsewhere is compiled along, but its changes start no build: old code would be run.
  it('watches all that is imported', () => {
    const files = folders.flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts'))
        .map((name) => join(folder, name)),
    );
    const strays = files.flatMap((file) =>
      ts
        .preProcessFile(readFileSync(join(root, file), 'utf8'), true, true)
        .importedFiles.filter(({ fileName }) => fileName.startsWith('.'))
        .map(({ fileName }) => relative(root, join(root, dirname(file), fileName)))
        .filter((target) => !isBuilt(target))
        .map((target) => `${file} imports ${target}`),
    );
    expect(files.length).toBeGreaterThan(100);
    expect(strays).toEqual([]);
  });
});
