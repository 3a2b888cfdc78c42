/**
 * Results of something that is done again and again, by what it reads on the way: if each question gets the answer
 * that it got before, so will the next one be the same question, and in the end the result.
 */
type Node<Q, R> = { readonly question: Q; readonly next: Map<unknown, Node<Q, R>> } | { readonly result: R };

/** A question with its answer. */
export type Answered<Q> = readonly [question: Q, answer: unknown];

export class ReadTree<Q, R> {
  readonly #roots = new Map<string, Node<Q, R>>();
  readonly #limit: number;
  #results = 0;

  /** `limit`: so many results are kept before all are forgotten. */
  constructor(limit = Infinity) {
    this.#limit = limit;
  }

  /** What came of it under this name the last time that the same was read; undefined: it never was. */
  find(name: string, answer: (question: Q) => unknown): R | undefined {
    let node = this.#roots.get(name);
    while (node !== undefined) {
      if ('result' in node) return node.result;
      node = node.next.get(answer(node.question));
    }
    return undefined;
  }

  /** `read` holds every question once, in the order in which they were asked. */
  add(name: string, read: readonly Answered<Q>[], result: R): void {
    if (this.#results === this.#limit) {
      this.#roots.clear();
      this.#results = 0;
    }
    this.#results += 1;
    let parent: Map<unknown, Node<Q, R>> = this.#roots;
    let from: unknown = name;
    for (const [question, answer] of read) {
      let node = parent.get(from);
      if (node === undefined) {
        node = { question, next: new Map() };
        parent.set(from, node);
      }
      if ('result' in node || node.question !== question) {
        throw new Error(`«${name}» does not depend on what it reads alone`);
      }
      parent = node.next;
      from = answer;
    }
    parent.set(from, { result });
  }
}
