/**
 * RFC 7541 §5.2 and Appendix B: the Huffman code of string literals. The code is canonical (codes of one length follow each other in
 * the order of their symbols), so the lengths of Appendix B say all of it. Decoding walks a table four bits at a time: no symbol is
 * shorter than five bits, so a step gives at most one of them.
 */

/** The length in bits of the code of each symbol: the 256 octets, then EOS. */
const codeLengths = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28,
  28, 28, 28, 28, 28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5,
  6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
  7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6,
  7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23,
  23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20, 22,
  22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22,
  23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27,
  27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25,
  24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30,
];

const endOfString = 256;

// A step is `symbol << 16 | emits << 9 | fails << 8 | next state`; a state is an inner node of the code's tree, the root is 0.
const emits = 1 << 9;
const fails = 1 << 8;

/** Whether a string may end in a state: the bits since the last symbol are at most seven, all ones (§5.2). */
const mayEnd = new Uint8Array(256);
const steps = buildSteps();

/**
 * Decodes `bytes[start, end)` into `into` from `at`; it must have room for 8/5 of the length.
 * @returns the end of what was written; -1 when the bytes are not a Huffman-coded string
 */
export function decodeHuffman(
  bytes: Uint8Array,
  start: number,
  end: number,
  into: Uint8Array,
  at: number,
): number {
  let state = 0;
  let failed = 0;
  let to = at;
  for (let from = start; from < end; from += 1) {
    const byte = bytes[from] ?? 0;
    const high = steps[(state << 4) | (byte >>> 4)] ?? fails;
    if ((high & emits) !== 0) into[to++] = high >>> 16;
    const low = steps[((high & 0xff) << 4) | (byte & 0xf)] ?? fails;
    if ((low & emits) !== 0) into[to++] = low >>> 16;
    failed |= high | low;
    state = low & 0xff;
  }
  return (failed & fails) !== 0 || mayEnd[state] !== 1 ? -1 : to;
}

interface Node {
  readonly state: number;
  zero: Node | number;
  one: Node | number;
}

function buildSteps(): Uint32Array {
  const states = buildTree();
  const table = new Uint32Array(states.length * 16);
  for (const node of states) {
    for (let bits = 0; bits < 16; bits += 1) table[(node.state << 4) | bits] = step(node, bits);
  }
  let node: Node | number | undefined = states[0];
  for (let ones = 0; ones <= 7 && typeof node === "object"; ones += 1, node = node.one) {
    mayEnd[node.state] = 1;
  }
  return table;

  function step(from: Node, bits: number): number {
    let at = from;
    let emitted = 0;
    for (let mask = 8; mask > 0; mask >>= 1) {
      const child = (bits & mask) === 0 ? at.zero : at.one;
      if (typeof child === "object") at = child;
      else if (child === endOfString) return fails;
      else {
        emitted = (child << 16) | emits;
        at = states[0] ?? from;
      }
    }
    return emitted | at.state;
  }
}

/** The inner nodes of the code's tree, the root first; a child that is a number is a symbol. */
function buildTree(): Node[] {
  const root: Node = { state: 0, zero: endOfString, one: endOfString };
  const states = [root];
  const symbols = codeLengths.map((length, symbol) => ({ length, symbol }));
  symbols.sort((a, b) => a.length - b.length || a.symbol - b.symbol);
  let code = 0;
  let codeLength = 0;
  for (const { length, symbol } of symbols) {
    code <<= length - codeLength;
    codeLength = length;
    let node = root;
    for (let bit = length - 1; bit > 0; bit -= 1) node = descend(node, (code >>> bit) & 1);
    if ((code & 1) === 0) node.zero = symbol;
    else node.one = symbol;
    code += 1;
  }
  return states;

  function descend(node: Node, bit: number): Node {
    const child = bit === 0 ? node.zero : node.one;
    if (typeof child === "object") return child;
    const made: Node = { state: states.length, zero: endOfString, one: endOfString };
    states.push(made);
    if (bit === 0) node.zero = made;
    else node.one = made;
    return made;
  }
}
