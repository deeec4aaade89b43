import { expect, test } from "@jest/globals";
import { parseSanNames } from "../../../src/tls/names.ts";

test.each([
  ["", []],
  ["envoy.example.com", [{ kind: "dns", value: "envoy.example.com" }]],
  ["localhost", [{ kind: "dns", value: "localhost" }]],
  ["10.0.0.7", [{ kind: "ip", value: "10.0.0.7" }]],
  ["2001:db8::1", [{ kind: "ip", value: "2001:db8::1" }]],
  ["[2001:db8::1]", [{ kind: "ip", value: "2001:db8::1" }]],
  [
    "spiffe://cluster.local/ns/a/sa/b",
    [{ kind: "uri", value: "spiffe://cluster.local/ns/a/sa/b" }],
  ],
  [
    "a.example.com, spiffe://td/b",
    [
      { kind: "dns", value: "a.example.com" },
      { kind: "uri", value: "spiffe://td/b" },
    ],
  ],
])("%j is read", (text, names) => {
  expect(parseSanNames(text)).toEqual(names);
});

test.each([
  "*.example.com",
  "a b",
  "a,,b",
  "a,",
  `${"a".repeat(64)}.com`,
  "a..b",
  "http:/a",
  "a;b",
])("%j is not accepted", (text) => {
  expect(parseSanNames(text)).toBeUndefined();
});
