import { describe, expect, test } from "@jest/globals";
import { Visits } from "../../../../src/limits/yaml/alias.ts";
import { toPlain } from "../../../../src/limits/yaml/decode.ts";
import { parseYaml } from "../../../../src/limits/yaml/parser.ts";
import { goText } from "../../../../src/limits/yaml/plain-value.ts";

/** The value of a text as Go's `%v` writes it: what yaml.v2 makes of it. */
function read(text: string): string {
  const root = parseYaml(text);
  return root === undefined ? "nothing" : goText(toPlain(root, new Visits()));
}

function failure(text: string): string {
  try {
    read(text);
    return "no mistake";
  } catch (error) {
    return (error as Error).message;
  }
}

describe("a YAML text", () => {
  test.each([
    ["an empty text", "", "nothing"],
    ["only comments", "# a\n\n# b", "nothing"],
    ["an empty document", "---\n...\n", "<nil>"],
    ["a byte order mark", "\uFEFFa: b", "map[a:b]"],
    [
      "block maps and lists",
      "a:\n  b: c\n  d:\n  - e\n  - f: g\n    h: i\n",
      "map[a:map[b:c d:[e map[f:g h:i]]]]",
    ],
    [
      "a list that is indented, one in one, and an empty item",
      "- - a\n  - b\n-\n",
      "[[a b] <nil>]",
    ],
    ["explicit keys", "? a\n: b\n? c\n", "map[a:b c:<nil>]"],
    ["empty values", "a:\nb: \nc: ~\n", "map[a:<nil> b:<nil> c:<nil>]"],
    ["flow maps", "{a: b, c, ? d : e, \"f\":g, 'h' : i, }", "map[a:b c:<nil> d:e f:g h:i]"],
    ["flow lists", "[a, [b], {c: d}, e: f, ? g : h, ]", "[a [b] map[c:d] map[e:f] map[g:h]]"],
    ["flow over several lines", "{a: [b,\n c\n], d:\n e}", "map[a:[b c] d:e]"],
    ["comments", "a: b # c\nd: e#f\n#g\n", "map[a:b d:e#f]"],
    [
      "colons and dashes in plain text",
      "a: b:c\nd: -e\nf: http://g?h\n",
      "map[a:b:c d:-e f:http://g?h]",
    ],
    ["plain text over several lines", "a: b\n  c\n\n\n  d\n", "map[a:b c\n\nd]"],
    ["single quotes", "a: 'b''c\\n # d'\n", "map[a:b'c\\n # d]"],
    ["double quotes", 'a: "b\\tc\\x41\\u00e9\\U0001F600\\"\\\\"\n', 'map[a:b\tcAé😀"\\]'],
    [
      "every other escape",
      '"\\0\\a\\b\\v\\f\\r\\e\\ \\N\\_\\L\\P\\\t"',
      "\0\x07\b\v\f\r\x1B \x85\xA0\u2028\u2029\t",
    ],
    ["quotes over several lines", '"a  \n   b\n\n\n  c\\\n   d\\n"', "a b\n\ncd\n"],
    ["literal blocks", "a: |\n  b\n   c\n\n  d\n\ne: f\n", "map[a:b\n c\n\nd\n e:f]"],
    ["folded blocks", "a: >\n  b\n  c\n\n  d\n   e\n  f\n", "map[a:b c\nd\n e\nf\n]"],
    [
      "blocks without the last break, and with all",
      "a: |-\n  b\n\nc: |+\n  d\n\n",
      "map[a:b c:d\n\n]",
    ],
    ["blocks with their indentation told", "a: |2-\n    b\n   c\n", "map[a:  b\n c]"],
    ["breaks of all kinds", "a: b\r\nc: d\re: f\x85g: h\u2028i: j\n", "map[a:b c:d e:f g:h i:j]"],
    ["anchors and aliases", "a: &x [b]\nc: *x\nd: &y\ne: *y\n", "map[a:[b] c:[b] d:<nil> e:<nil>]"],
    ["an anchor that is set again", "a: &x b\nc: *x\nd: &x e\nf: *x\n", "map[a:b c:b d:e f:e]"],
    [
      "tags",
      'a: !!str 5\nb: !!int "5"\nc: !<tag:yaml.org,2002:str> yes\nd: !x 5\ne: ! 5\n',
      "map[a:5 b:5 c:yes d:5 e:5]",
    ],
    ["tags of collections", "!!map {a: !!seq [b], c: !!set {d}}", "map[a:[b] c:map[d:<nil>]]"],
    [
      "tags with a handle of their own",
      "%TAG !y! tag:yaml.org,2002:\n---\na: !y!str 5\nb: !y!%73tr 5\n",
      "map[a:5 b:5]",
    ],
    ["the version it is written in", "%YAML 1.1\n--- a", "a"],
    [
      "merged maps, to which keys above yield and keys below do not",
      "- &x {a: 1, b: 2}\n- {a: 0, <<: *x, b: 3}\n",
      "[map[a:1 b:2] map[a:1 b:3]]",
    ],
    [
      "of several merged maps the first",
      "- &x {a: 1}\n- &y {a: 2, b: 3}\n- {<<: [*x, *y]}\n",
      "[map[a:1] map[a:2 b:3] map[a:1 b:3]]",
    ],
    ["no merging of a quoted key", '{"<<": {a: b}}', "map[<<:map[a:b]]"],
    ["of equal keys the last, in place of the first", "a: 1\nb: 2\na: 3\n", "map[a:3 b:2]"],
    ["the first document only", "a: b\n---\n[\n", "map[a:b]"],
    ["nothing behind the end of the document", "a: b\n...\n]\n", "map[a:b]"],
    ["nothing behind a scalar", "'a' 'b'", "a"],
  ])("has %s", (_, text, value) => {
    expect(read(text)).toBe(value);
  });

  test("is read in blocks of 512 bytes, and what is forbidden behind the first document is not seen", () => {
    const later = `a: b\n---\n${"c".repeat(600)}\x01`;
    expect(read(later)).toBe("map[a:b]");
    expect(failure("a: b\n---\n\x01")).toBe("yaml: control characters are not allowed");
  });
});

describe("a mistake in YAML is told in the words of yaml.v2", () => {
  // Quoted texts and line numbers were taken from runs of yaml.v2 2.4.0. It tells no line for the first, and the line before for
  // mistakes that only the next token shows.
  test.each([
    ['a: "b\n', "line 2: found unexpected end of stream"],
    ["a: 'b\n", "line 2: found unexpected end of stream"],
    ['a: "b\n---\nc"\n', "line 2: found unexpected document indicator"],
    ['a: "\\q"\n', "found unknown escape character"],
    ['a: "\\x4"\n', "did not find expected hexdecimal number"],
    ['a: "\\ud800"\n', "found invalid Unicode character escape code"],
    ["a: b\n  c: d\n", "line 2: mapping values are not allowed in this context"],
    ["a: b: c\n", "mapping values are not allowed in this context"],
    ["a\nb: c\n", "line 2: mapping values are not allowed in this context"],
    [`${"x".repeat(1100)}: a\n`, "mapping values are not allowed in this context"],
    ["a: - b\n", "block sequence entries are not allowed in this context"],
    ["a: ? b\n", "mapping keys are not allowed in this context"],
    ["a: b\nc\n- d: e\n", "line 3: could not find expected ':'"],
    ["a: b\nc:\n- d: e\n f: g\n", "line 3: did not find expected key"],
    ["a: b\nc:\n  - d: e\n - f: g\n", "line 3: did not find expected key"],
    ["a: b\n- c\n", "line 1: did not find expected key"],
    ["? a\n? b: c\n- d\n", "line 2: did not find expected key"],
    ["a: 'b'c\n", "did not find expected key"],
    ["a: b #c\n  d", "line 1: did not find expected key"],
    ["- a\nb: c\n", "line 1: did not find expected '-' indicator"],
    ["- - - a\n  - b\n - c\n", "line 2: did not find expected '-' indicator"],
    ["a: [b\n", "line 1: did not find expected ',' or ']'"],
    ["[a: b: c]", "did not find expected ',' or ']'"],
    ["a: {b: c\n", "line 1: did not find expected ',' or '}'"],
    ["a: {b: c]\n", "did not find expected ',' or '}'"],
    ["]", "did not find expected node content"],
    [", a", "did not find expected node content"],
    ["[a,,b]", "did not find expected node content"],
    ["... a", "did not find expected node content"],
    ["a: @b\n", "found character that cannot start any token"],
    ["a: `b`\n", "found character that cannot start any token"],
    ["a: %b\n", "found character that cannot start any token"],
    ["\ta: b\n", "found character that cannot start any token"],
    ["a:\n\t- b\n", "line 2: found character that cannot start any token"],
    ["a: b\n\tc: d\n", "line 2: found a tab character that violates indentation"],
    ["a: |0\n  b\n", "found an indentation indicator equal to 0"],
    ["a: | b\n  c\n", "did not find expected comment or line break"],
    ["a: |\n\tb\n", "line 2: found a tab character where an indentation space is expected"],
    ["a: *b\n", "unknown anchor 'b' referenced"],
    ["a: & b\n", "did not find expected alphabetic or numeric character"],
    ["a: &b& c\n", "did not find expected alphabetic or numeric character"],
    ["a: &b [*b]\n", "anchor 'b' value contains itself"],
    ["a: !<b c\n", "did not find the expected '>'"],
    ["a: !<> c\n", "did not find expected tag URI"],
    ["a: !b%4 c\n", "did not find URI escaped octet"],
    ["a: !b%ff c\n", "found an incorrect leading UTF-8 octet"],
    ["a: !b%c3%41 c\n", "found an incorrect trailing UTF-8 octet"],
    ["a: !<tag:yaml.org,2002:str>b", "did not find expected whitespace or line break"],
    ["a: !b!c d\n", "found undefined tag handle"],
    ["a: !!int b\n", "cannot decode !!str `b` as a !!int"],
    ['a: !!bool "1"\n', "cannot decode !!int `1` as a !!bool"],
    ['a: !!binary "*"\n', "!!binary value contains invalid base64 data"],
    [
      "a: {{ .Values.b }}\n",
      'invalid map key: map[interface {}]interface {}{".Values.b":interface {}(nil)}',
    ],
    [
      "? [a, 1, 2.5, ~, yes]\n",
      'invalid map key: []interface {}{"a", 1, 2.5, interface {}(nil), true}',
    ],
    ["<<: 5\na: b\n", "map merge requires map or sequence of maps as the value"],
    ["<<: [{}, 5]\n", "map merge requires map or sequence of maps as the value"],
    ["%YAML 1.2\n---\na: b\n", "found incompatible YAML document"],
    ["%YAML 1.1\n%YAML 1.1\n---\na: b\n", "line 1: found duplicate %YAML directive"],
    ["%YAML 1.1\na: b\n", "line 1: did not find expected <document start>"],
    ["%YAML x\n---\n", "did not find expected version number"],
    ["%YAML 1.100\n---\n", "found extremely long version number"],
    ["%YAML 1\n---\n", "did not find expected digit or '.' character"],
    ["%TAG ! x\n%TAG ! y\n---\na", "line 1: found duplicate %TAG directive"],
    ["%TAG a b\n---\n", "did not find expected '!'"],
    ["%TAG !a\n---\n", "did not find expected '!'"],
    ["%TAG !\n---\n", "did not find expected whitespace"],
    ["%FOO\n---\na: b\n", "found unknown directive name"],
    ["%\n---\n", "could not find expected directive name"],
    ["%YAML! 1.1\n---\n", "found unexpected non-alphabetical character"],
    ["%YAML 1.1 x\n---\n", "did not find expected comment or line break"],
    ["a: \x01\n", "control characters are not allowed"],
    ["a: \x7F\n", "control characters are not allowed"],
    ["a: \uFFFF\n", "control characters are not allowed"],
  ])("%j", (text, message) => {
    expect(failure(text)).toBe(`yaml: ${message}`);
  });

  test.each([
    ["a byte that begins no character", "\uDC80", "invalid leading UTF-8 octet"],
    ["a character that is cut off", "\uDCC3x", "invalid trailing UTF-8 octet"],
    ["a text that ends within a character", "\uDCE2\uDC82", "incomplete UTF-8 octet sequence"],
    [
      "a character in a longer form than needed",
      "\uDCC0\uDC80",
      "invalid length of a UTF-8 sequence",
    ],
    ["the first half of a pair in UTF-16", "\uD800x", "expected low surrogate area"],
    ["the second half of a pair in UTF-16", "\uDC00x", "unexpected low surrogate area"],
  ])("%s", (_, text, message) => {
    expect(failure(text)).toBe(`yaml: ${message}`);
  });
});

describe("bounds", () => {
  const excessive = "yaml: document contains excessive aliasing";

  test("nesting is refused where it could exhaust the stack", () => {
    expect(failure("[".repeat(300))).toBe("yaml: exceeded max depth of 256");
    const blocks = Array.from({ length: 300 }, (_, i) => `${" ".repeat(i)}a:\n`).join("");
    expect(failure(blocks)).toBe("yaml: line 257: exceeded max depth of 256");
  });

  test("aliases that make a text grow beyond measure are refused", () => {
    const tenfold = (i: number) => `a${i + 1}: &a${i + 1} [${`*a${i},`.repeat(10)}]\n`;
    const text = `a0: &a0 [x]\n${Array.from({ length: 9 }, (_, i) => tenfold(i)).join("")}`;
    expect(failure(text)).toBe(excessive);
  });

  test("aliases that nest deeper than text can are refused", () => {
    const padding = `p: [${"x,".repeat(300_000)}]\n`;
    const deeper = (i: number) => `a${i + 1}: &a${i + 1} [*a${i}]\n`;
    const text = `${padding}a0: &a0 x\n${Array.from({ length: 600 }, (_, i) => deeper(i)).join("")}`;
    expect(failure(text)).toBe("yaml: exceeded max depth of 1000");
  });

  test("a text with many aliases of little is not refused", () => {
    const text = `a: &a {b: c}\nd: [${"*a,".repeat(50)}]\n`;
    expect(read(text)).toContain("map[b:c] map[b:c]");
  });
});
