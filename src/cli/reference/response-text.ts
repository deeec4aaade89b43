/** A `RateLimitResponse` in protobuf's text form, on one line: what the reference's client prints. */
import {
  RateLimitResponse_Code as Code,
  type RateLimitResponse,
  type RateLimitResponse_DescriptorStatus as Status,
  RateLimitResponse_RateLimit_Unit as Unit,
} from "../../gen/envoy/service/ratelimit/v3/rls.ts";

/** A field; one of `undefined` has its default value and is not written. */
type Field = readonly [name: string, value: string | undefined];

export function responseText(response: RateLimitResponse): string {
  const { statuses, responseHeadersToAdd, requestHeadersToAdd, rawBody, dynamicMetadata } =
    response;
  return fields([
    ["overall_code", enumText(Code, response.overallCode)],
    ...statuses.map((status): Field => ["statuses", statusText(status)]),
    ...responseHeadersToAdd.map((header): Field => ["response_headers_to_add", headerText(header)]),
    ...requestHeadersToAdd.map((header): Field => ["request_headers_to_add", headerText(header)]),
    ["raw_body", rawBody.length === 0 ? undefined : quote(rawBody.toString("latin1"))],
    ["dynamic_metadata", dynamicMetadata && structText(dynamicMetadata)],
  ]);
}

function statusText({ code, currentLimit, limitRemaining, durationUntilReset }: Status): string {
  return message([
    ["code", enumText(Code, code)],
    [
      "current_limit",
      currentLimit &&
        message([
          ["name", currentLimit.name === "" ? undefined : quote(currentLimit.name)],
          ["requests_per_unit", numberText(currentLimit.requestsPerUnit)],
          ["unit", enumText(Unit, currentLimit.unit)],
        ]),
    ],
    ["limit_remaining", numberText(limitRemaining)],
    [
      "duration_until_reset",
      durationUntilReset &&
        message([
          ["seconds", numberText(durationUntilReset.seconds)],
          ["nanos", numberText(durationUntilReset.nanos)],
        ]),
    ],
  ]);
}

function headerText({ key, value }: { readonly key: string; readonly value: string }): string {
  return message([
    ["key", key === "" ? undefined : quote(key)],
    ["value", value === "" ? undefined : quote(value)],
  ]);
}

/** Keys in the order of their bytes, as Go sorts them. */
function structText(struct: Readonly<Record<string, unknown>>): string {
  const entries = Object.entries(struct).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return message(
    entries.map(([key, value]) => [
      "fields",
      message([
        ["key", quote(key)],
        ["value", valueText(value)],
      ]),
    ]),
  );
}

/** A `google.protobuf.Value`. */
function valueText(value: unknown): string {
  if (value === null) return message([["null_value", "NULL_VALUE"]]);
  if (typeof value === "number") return message([["number_value", String(value)]]);
  if (typeof value === "boolean") return message([["bool_value", String(value)]]);
  if (typeof value === "string") return message([["string_value", quote(value)]]);
  if (Array.isArray(value)) {
    const values = value.map((one): Field => ["values", valueText(one)]);
    return message([["list_value", message(values)]]);
  }
  return message([["struct_value", structText(value as Readonly<Record<string, unknown>>)]]);
}

function message(list: readonly Field[]): string {
  return `{${fields(list)}}`;
}

function fields(list: readonly Field[]): string {
  return list
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name}:${value}`]))
    .join(" ");
}

function enumText(names: Readonly<Record<string, number>>, value: number): string | undefined {
  if (value === 0) return undefined;
  return Object.keys(names).find((name) => names[name] === value) ?? String(value);
}

function numberText(value: number): string | undefined {
  return value === 0 ? undefined : String(value);
}

function quote(text: string): string {
  const escaped = text.replace(/[\p{Cc}"\\]/gu, (char) => {
    const short = { "\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\" }[char];
    return short ?? `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
  return `"${escaped}"`;
}
