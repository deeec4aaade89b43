/** What an operator wants in an answer beyond the verdict. */
export interface AnswerOptions {
  /** Names of the headers for the downstream client (`LIMIT_RESPONSE_HEADERS_ENABLED`, `LIMIT_*_HEADER`); `undefined`: none. */
  readonly responseHeaders: HeaderNames | undefined;
  /** Names of the headers for the upstream (`LIMIT_REQUEST_HEADERS_ENABLED`, `LIMIT_REQUEST_*_HEADER`); `undefined`: none. */
  readonly requestHeaders: HeaderNames | undefined;
  /** Name of the header that tells the downstream client why the store was not asked (`FAILURE_HEADER`); `undefined`: none does. */
  readonly failureHeader: string | undefined;
  /** `RESPONSE_DYNAMIC_METADATA`: hand the request, and the metadata of the rules it met, to Envoy's other filters. */
  readonly dynamicMetadata: boolean;
}

/** One header for each number that is told. */
export interface HeaderNames {
  readonly limit: string;
  readonly remaining: string;
  readonly reset: string;
}
