import type { RuleNode } from "./rule-tree.ts";

/** A rule whose final key contains `*`, which stands for any characters, none included. */
export interface Wildcard {
  readonly node: RuleNode;
  /** Its place among the wildcards of its level: of several that match, the first in the file wins. */
  readonly order: number;
  /** The final key between its stars; at least two parts, any of which may be empty. */
  readonly parts: readonly string[];
  /** The length of all parts together, which is the least that can match. */
  readonly lengthMin: number;
}

/**
 * The wildcards of one level, found by the text before their first star: a lookup walks a radix tree along the request's entry and
 * tries only wildcards that begin as the entry does, however many there are.
 */
export class Wildcards {
  readonly #root: Branch = newBranch("");
  #size = 0;

  add(node: RuleNode): void {
    const parts = node.finalKey.split("*");
    const lengthMin = node.finalKey.length - (parts.length - 1);
    const wildcard: Wildcard = { node, order: this.#size, parts, lengthMin };
    this.#size += 1;
    const branch = branchFor(this.#root, parts[0] as string);
    branch.wildcards ??= [];
    addByEnding(branch.wildcards, wildcard);
  }

  /** The first wildcard, in the order of the file, that matches `key`, an underscore and `value`. */
  find(key: string, value: string): RuleNode | undefined {
    const length = key.length + 1 + value.length;
    let best: Wildcard | undefined;
    let branch: Branch | undefined = this.#root;
    let at = 0;
    for (;;) {
      if (branch.wildcards !== undefined) {
        best = firstOfEndings(branch.wildcards, key, value, length, best);
      }
      if (at >= length) break;
      branch = branch.branches?.get(codeAt(key, value, at));
      if (branch === undefined || !continuesWith(branch.label, key, value, at, length)) break;
      at += branch.label.length;
    }
    return best?.node;
  }
}

/** Wildcards that begin alike and whose endings, the texts behind their last stars, are of one length. */
interface Endings {
  readonly length: number;
  /** By their ending, each in the order of the file. */
  readonly wildcards: Map<string, Wildcard[]>;
}

function addByEnding(endings: Endings[], wildcard: Wildcard): void {
  const ending = wildcard.parts[wildcard.parts.length - 1] as string;
  let ofLength = endings.find(({ length }) => length === ending.length);
  if (ofLength === undefined) {
    ofLength = { length: ending.length, wildcards: new Map() };
    endings.push(ofLength);
  }
  const alike = ofLength.wildcards.get(ending);
  if (alike === undefined) ofLength.wildcards.set(ending, [wildcard]);
  else alike.push(wildcard);
}

/**
 * Tries only wildcards that also end as the entry does. Those that begin and end alike and differ between two stars alone are
 * tried one after another.
 */
function firstOfEndings(
  endings: readonly Endings[],
  key: string,
  value: string,
  length: number,
  best: Wildcard | undefined,
): Wildcard | undefined {
  let first = best;
  for (let i = 0; i < endings.length; i++) {
    const ofLength = endings[i] as Endings;
    if (ofLength.length > length) continue;
    const text = ofLength.length <= value.length ? value : `${key}_${value}`;
    const alike = ofLength.wildcards.get(text.slice(text.length - ofLength.length));
    if (alike !== undefined) first = firstMatch(alike, key, value, length, first);
  }
  return first;
}

/** A node of the radix tree. `label` is the text that leads to it from the branch above. */
interface Branch {
  label: string;
  wildcards: Endings[] | undefined;
  /** By the first UTF-16 unit of their label. */
  branches: Map<number, Branch> | undefined;
}

function newBranch(label: string): Branch {
  return { label, wildcards: undefined, branches: undefined };
}

/** The branch at the end of `text`, grown where it is missing. */
function branchFor(root: Branch, text: string): Branch {
  let branch = root;
  let rest = text;
  while (rest !== "") {
    branch.branches ??= new Map();
    const next = branch.branches.get(rest.charCodeAt(0));
    if (next === undefined) {
      const leaf = newBranch(rest);
      branch.branches.set(rest.charCodeAt(0), leaf);
      return leaf;
    }
    const shared = sharedLength(next.label, rest);
    if (shared < next.label.length) split(next, shared);
    branch = next;
    rest = rest.slice(shared);
  }
  return branch;
}

/** Cuts a branch in two: it keeps the beginning of its label, and all that it held goes to a new one below it. */
function split(branch: Branch, at: number): void {
  const lower: Branch = { ...branch, label: branch.label.slice(at) };
  branch.label = branch.label.slice(0, at);
  branch.wildcards = undefined;
  branch.branches = new Map([[lower.label.charCodeAt(0), lower]]);
}

function sharedLength(left: string, right: string): number {
  const max = Math.min(left.length, right.length);
  let length = 0;
  while (length < max && left.charCodeAt(length) === right.charCodeAt(length)) length += 1;
  return length;
}

const underscore = 0x5f;

/** A UTF-16 unit of `key`, an underscore and `value`, without joining them. */
function codeAt(key: string, value: string, at: number): number {
  if (at < key.length) return key.charCodeAt(at);
  return at === key.length ? underscore : value.charCodeAt(at - key.length - 1);
}

function continuesWith(
  label: string,
  key: string,
  value: string,
  from: number,
  length: number,
): boolean {
  if (from + label.length > length) return false;
  // The branch was found by the label's first unit.
  for (let i = 1; i < label.length; i++) {
    if (label.charCodeAt(i) !== codeAt(key, value, from + i)) return false;
  }
  return true;
}

/** The first of `wildcards`, whose beginning is known to match, that matches as a whole and comes before `best`. */
function firstMatch(
  wildcards: readonly Wildcard[],
  key: string,
  value: string,
  length: number,
  best: Wildcard | undefined,
): Wildcard | undefined {
  for (let i = 0; i < wildcards.length; i++) {
    const wildcard = wildcards[i] as Wildcard;
    if (best !== undefined && best.order < wildcard.order) break;
    if (wildcard.lengthMin <= length && matchesRest(wildcard, key, value)) return wildcard;
  }
  return best;
}

function matchesRest({ parts }: Wildcard, key: string, value: string): boolean {
  const begin = (parts[0] as string).length - key.length - 1;
  // Almost always the stars stand in the value. Only one in the key needs the two joined.
  return begin >= 0
    ? matchesFrom(parts, value, begin)
    : matchesFrom(parts, `${key}_${value}`, begin + key.length + 1);
}

/** Whether all parts but the first follow in `text` from `begin` on, the last one at its end. */
function matchesFrom(parts: readonly string[], text: string, begin: number): boolean {
  const last = parts[parts.length - 1] as string;
  if (!text.endsWith(last)) return false;
  const end = text.length - last.length;
  let at = begin;
  for (let i = 1; i < parts.length - 1; i++) {
    const part = parts[i] as string;
    const found = text.indexOf(part, at);
    if (found < 0 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}
