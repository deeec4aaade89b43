import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { VelocityGateError } from "../../../src/errors.ts";
import { RateLimitRequest as WireRequest } from "../../../src/gen/envoy/service/ratelimit/v3/rls.ts";
import type { JsonValue } from "../../../src/limits/limit.ts";
import { units } from "../../../src/limits/limit.ts";
import { decodeRequest } from "../../../src/rls/decode.ts";
import { toResponse } from "../../../src/rls/encode.ts";
import { parseJsonRequest } from "../../../src/rls/json-request.ts";
import { formatJsonResponse } from "../../../src/rls/json-response.ts";
import { checkOf, decisionOf, limitOf } from "../../support/decisions.ts";
import { wireRequest } from "../../support/requests.ts";
import { requestBytes, requestJson, responseJson } from "../../support/wire-json.ts";
import { writtenAnswer } from "../../support/written-answer.ts";

const requestText = fc
  .tuple(wireRequest, fc.boolean(), fc.constantFrom(undefined, 2))
  .map(([request, useProtoFieldName, indent]) => {
    const bytes = WireRequest.encode(request).finish();
    return {
      bytes,
      text: JSON.stringify(requestJson(bytes, useProtoFieldName), undefined, indent),
    };
  });

/** What ours makes of the text; `undefined` when it refuses it. Any other error fails the test. */
function parsed(text: string) {
  try {
    return parseJsonRequest(Buffer.from(text));
  } catch (error) {
    if (error instanceof VelocityGateError && error.code === "REQUEST_INVALID") return undefined;
    throw error;
  }
}

/** What another implementation makes of it, with the wire's bounds; `undefined` when either refuses it. */
function oracle(text: string) {
  try {
    return decodeRequest(requestBytes(text));
  } catch {
    return undefined;
  }
}

/** Numbers in strings that the other one takes as BigInt does («0 », «», not «1e2»); ours are JSON's, as in Go. */
const hasOddNumber = /"(?:hits_?addend|requests_?per_?unit)"\s*:\s*"(?!(?:0|[1-9]\d*)")/i;

describe("a request in JSON", () => {
  test("is what the same request is on the wire, as another implementation writes it", () => {
    fc.assert(
      fc.property(requestText, ({ bytes, text }) => {
        expect(parseJsonRequest(Buffer.from(text))).toEqual(decodeRequest(bytes));
      }),
      { numRuns: 500 },
    );
  });

  test("is refused or read as another implementation does, when characters of it are changed", () => {
    const edit = fc.record({
      at: fc.nat({ max: 300 }),
      remove: fc.integer({ min: 0, max: 3 }),
      insert: fc.constantFrom(
        "",
        '"',
        ",",
        "{",
        "}",
        "[",
        "]",
        ":",
        "1",
        "0",
        "-",
        ".",
        "e",
        "null",
        " ",
        "\\",
        "true",
        "_",
      ),
    });
    let accepted = 0;
    fc.assert(
      fc.property(requestText, edit, ({ text }, { at, remove, insert }) => {
        const start = at % (text.length + 1);
        const changed = text.slice(0, start) + insert + text.slice(start + remove);
        fc.pre(changed.isWellFormed() && !hasOddNumber.test(changed));
        const ours = parsed(changed);
        const theirs = oracle(changed);
        if (ours !== undefined) {
          accepted += 1;
          expect(ours).toEqual(theirs);
        } else if (theirs !== undefined) {
          // Ours, as Go's, refuses a field that is given twice, and nothing else beyond: it takes the last of each.
          expect(parsed(JSON.stringify(JSON.parse(changed)))).toEqual(theirs);
        }
      }),
      { numRuns: 5_000 },
    );
    expect(accepted).toBeGreaterThan(100);
  });
});

describe("an answer in JSON", () => {
  // The generated code, which makes objects by assignment, loses a key of this name.
  const json = fc
    .jsonValue({ maxDepth: 3 })
    .filter((value) => !JSON.stringify(value).includes("__proto__")) as fc.Arbitrary<JsonValue>;
  const limit = fc
    .record({
      requestsPerUnit: fc.nat({ max: 4_294_967_295 }),
      unit: fc.constantFrom(...units),
      name: fc.string({ maxLength: 5 }),
      shadowMode: fc.boolean(),
      unlimited: fc.boolean(),
      metadata: fc.dictionary(fc.string({ maxLength: 3 }), json, {
        maxKeys: 3,
        noNullPrototype: true,
      }),
    })
    .map(({ requestsPerUnit, unit, ...flags }) => limitOf(requestsPerUnit, unit, flags));

  test("is what another implementation makes of the bytes", () => {
    const names = { limit: "a", remaining: "b", reset: "c" };
    const row = fc.tuple(fc.option(limit, { nil: undefined }), fc.nat({ max: 4_294_967_295 }));
    fc.assert(
      fc.property(
        fc.array(row, { minLength: 1, maxLength: 4 }),
        wireRequest,
        fc.boolean(),
        (rows, wire, dynamicMetadata) => {
          const checks = rows.map(([limit]) => checkOf(limit));
          const totals = rows.flatMap(([limit, after]) =>
            limit === undefined || limit.unlimited ? [] : [after + 1],
          );
          const decision = decisionOf(checks, totals);
          const request = decodeRequest(WireRequest.encode(wire).finish());
          const options = {
            responseHeaders: names,
            requestHeaders: undefined,
            failureHeader: undefined,
            dynamicMetadata,
          };
          const text = formatJsonResponse(toResponse(decision, request, options));
          // JSON has no -0.
          const other = JSON.stringify(responseJson(writtenAnswer(decision, request, options)));
          expect(JSON.parse(text)).toEqual(JSON.parse(other));
        },
      ),
      { numRuns: 500 },
    );
  });
});
