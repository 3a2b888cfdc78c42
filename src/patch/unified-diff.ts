import type { Damage, DamageKind, FileDiff, Hunk, HunkLine, Patch } from './hunk.ts';
import { isFileHeader, isHunkHeader, isSignature, readHunk } from './hunk-reader.ts';
import type { LevelLine, QuoteLevel } from './quoting.ts';

/** Headings of a commit message: what follows them is another patch. */
const PATCH_BOUNDARY = /^(---$|base-commit: |Subject: |From: |Signed-off-by: |-+ ?(8<|>8))/i;
const DIFFSTAT = /^ ?(\d+) files? changed(?:, (\d+) insertions?\(\+\))?(?:, (\d+) deletions?\(-\))?$/;
const EXTENDED_HEADER =
  /^((?:new file|deleted file|old|new) mode|(?:rename|copy) (?:from|to)|index|(?:dis)?similarity index|GIT binary patch|Binary files) ?(.*)$/;
/** Git's name for a file without content. */
const EMPTY_BLOB = /\be69de29/;

interface OpenFile {
  path: string | undefined;
  oldPath: string | undefined;
  change: FileDiff['change'];
  hunks: Hunk[];
  line: number;
  /** Whether its header alone says what changed (a new mode, an empty file). */
  complete: boolean;
}

/** A patch, and what only the whole mail can judge. */
export interface DiffReading {
  readonly patch: Patch;
  /** A file whose header stands there without any hunk, the last of the patch. */
  readonly bareFile: FileDiff | undefined;
  /** Where a line begins like the head of a hunk and is none. */
  readonly brokenHeader: number | undefined;
  /** How many files the diffstat above it names; undefined without one. */
  readonly filesPromised: number | undefined;
  /** Whether the diffstat has more files or lines. */
  readonly lessThanPromised: boolean;
}

/**
 * The patches of one quote depth. Two diffs belong to one patch unless a commit message, a signature or a
 * second diff of the same file separates them.
 */
export function readPatches({ depth, lines }: QuoteLevel): DiffReading[] {
  return new LevelReader(depth, lines).read();
}

class LevelReader {
  readonly depth: number;
  readonly lines: readonly LevelLine[];
  private readonly patches: DiffReading[] = [];
  private files: OpenFile[] = [];
  private damage: Damage[] = [];
  private diffstat: RegExpExecArray | undefined;
  private statLine = 0;
  private brokenHeader: number | undefined;
  /** The file that a `diff --git` line opened, until its `---` and `+++` come. */
  private awaiting: OpenFile | undefined;

  constructor(depth: number, lines: readonly LevelLine[]) {
    this.depth = depth;
    this.lines = lines;
  }

  read(): DiffReading[] {
    let at = 0;
    while (at < this.lines.length) at = this.step(at);
    this.close();
    return this.patches;
  }

  /** Reads what begins at a line; the index of the line behind it. */
  private step(at: number): number {
    const { text, line } = this.lines[at];
    if (text.startsWith('diff --git ')) {
      const [path, oldPath] = gitPaths(text);
      this.awaiting = this.open(path, oldPath, line);
      return this.extendedHeader(this.awaiting, at + 1);
    }
    if (isFileHeader(this.lines, at)) {
      this.fileHeader(at);
      return at + 2;
    }
    if (isHunkHeader(text)) return this.hunk(at);
    if (/^@@ -\d/.test(text)) this.brokenHeader ??= line;
    if (text.startsWith('@@@ ') || text.startsWith('diff --cc ')) {
      this.note('combined-diff', 'a merge shown against several parents is not read', line);
    } else if (DIFFSTAT.test(text)) {
      this.close();
      this.diffstat = DIFFSTAT.exec(text) ?? undefined;
      this.statLine = line;
    } else if (PATCH_BOUNDARY.test(text) || isSignature(this.lines, at, true)) {
      this.close();
    }
    return at + 1;
  }

  private open(path: string | undefined, oldPath: string | undefined, line: number): OpenFile {
    if (path !== undefined && this.files.some((file) => file.path === path)) this.close();
    const file: OpenFile = { path, oldPath, change: 'modified', hunks: [], line, complete: false };
    this.files.push(file);
    return file;
  }

  /** `new file mode`, `rename from`, `index`: the lines between `diff --git` and `---`. */
  private extendedHeader(file: OpenFile, at: number): number {
    for (; at < this.lines.length && this.lines[at].gap !== 'deeper'; at++) {
      const [, key, value] = EXTENDED_HEADER.exec(this.lines[at].text) ?? [];
      switch (key) {
        case undefined:
          return at;
        case 'new file mode':
          file.change = 'new';
          break;
        case 'deleted file mode':
          file.change = 'deleted';
          break;
        case 'old mode':
        case 'new mode':
          file.complete = true;
          break;
        case 'dissimilarity index':
          break;
        case 'similarity index':
          file.complete ||= value === '100%';
          break;
        case 'rename from':
        case 'copy from':
          file.oldPath = value;
          break;
        case 'rename to':
        case 'copy to':
          file.path = value;
          file.change = key === 'rename to' ? 'renamed' : 'new';
          break;
        case 'index':
          file.complete ||= file.change !== 'modified' && EMPTY_BLOB.test(value);
          break;
        default:
          file.change = 'binary';
          file.complete = true;
      }
    }
    return at;
  }

  private fileHeader(at: number): void {
    const oldPath = pathOf(this.lines[at].text.slice(4));
    const newPath = pathOf(this.lines[at + 1].text.slice(4));
    const path = newPath ?? oldPath;
    const file = this.awaiting ?? this.open(path, oldPath, this.lines[at].line);
    this.awaiting = undefined;
    file.path = path;
    file.complete = false;
    if (oldPath === undefined) file.change = 'new';
    else if (newPath === undefined) file.change = 'deleted';
    else file.oldPath = oldPath;
  }

  private hunk(at: number): number {
    const { hunk, damage, next } = readHunk(this.lines, at);
    let file = this.files.at(-1);
    if (file === undefined) {
      file = this.open(undefined, undefined, hunk.line);
      this.note('no-file-header', 'hunks of a file that no header names', hunk.line);
    }
    this.awaiting = undefined;
    file.hunks.push(hunk);
    this.damage.push(...damage);
    return next;
  }

  private note(kind: DamageKind, text: string, line: number): void {
    this.damage.push({ kind, text, line });
  }

  private close(): void {
    const files = this.files.map(({ complete: _, ...file }) => ({
      ...file,
      oldPath: file.oldPath === file.path ? undefined : file.oldPath,
    }));
    const last = this.files.at(-1);
    if (last !== undefined) {
      const patch = { depth: this.depth, files, damage: [] as Damage[], line: files[0].line };
      const promise = this.diffstat?.slice(1).map((count) => Number(count ?? '0')) ?? [];
      const found = countsOf(files);
      if (promise.some((count, i) => count !== found[i])) {
        const say = ([names, plus, minus]: readonly number[]) =>
          `+${plus} -${minus} in ${names} ${names === 1 ? 'file' : 'files'}`;
        this.note(
          'diffstat-differs',
          `the diffstat says ${say(promise)}; the mail has ${say(found)}`,
          this.statLine,
        );
      }
      patch.damage = summarise(this.damage);
      this.patches.push({
        patch,
        bareFile: last.hunks.length === 0 && !last.complete ? files[files.length - 1] : undefined,
        brokenHeader: this.brokenHeader,
        filesPromised: promise.at(0),
        lessThanPromised: promise.some((count, i) => count > found[i]),
      });
      this.diffstat = undefined;
    }
    this.files = [];
    this.damage = [];
    this.awaiting = undefined;
    this.brokenHeader = undefined;
  }
}

/** Files, added and removed lines. */
function countsOf(files: readonly FileDiff[]): [number, number, number] {
  const lines = files.flatMap(({ hunks }) => hunks.flatMap((hunk) => hunk.lines));
  const count = (kind: HunkLine['kind']) => lines.filter((line) => line.kind === kind).length;
  return [files.length, count('added'), count('removed')];
}

/** One note for each kind of damage that needs no more. */
function summarise(damage: readonly Damage[]): Damage[] {
  const seen = new Map<string, Damage>();
  for (const note of damage) {
    const key = `${note.kind} ${note.text}`;
    if (!seen.has(key)) seen.set(key, note);
  }
  return [...seen.values()].sort((a, b) => a.line - b.line);
}

/**
 * The paths of `diff --git a/old b/new`: the new one, and the old one. Names with blanks are known from
 * `+++`.
 */
function gitPaths(text: string): [string | undefined, string | undefined] {
  const words = text.trim().split(/ +/).slice(2);
  const oldPath = words.length > 0 ? pathOf(words[0]) : undefined;
  return [words.length > 1 ? pathOf(words[words.length - 1]) : oldPath, oldPath];
}

/** A path as git or diff print it: prefix, quotes, a time stamp behind a tab; undefined for `/dev/null`. */
function pathOf(printed: string): string | undefined {
  const path = printed
    .replace(/\t.*$| \d{4}-\d\d-\d\d.*$/, '')
    .trim()
    .replace(/^"(.*)"$/, '$1');
  return path === '/dev/null' ? undefined : path.replace(/^[abciow]\//, '');
}
