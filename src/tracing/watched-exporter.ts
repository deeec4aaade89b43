import { type ExportResult, ExportResultCode } from "@opentelemetry/core";
import type { ReadableSpan, SpanExporter } from "@opentelemetry/sdk-trace";
import type { Log } from "../observe/log.ts";
import { redactUrl } from "../observe/redact.ts";
import { Repeats } from "../observe/repeats.ts";

/** A receiver that stays away is told of so often. */
const toldEveryMs = 600_000;

/** The same exporter, counting what it sends and telling the log when it cannot. What could not be sent is lost. */
export class WatchedExporter implements SpanExporter {
  sent = 0;
  readonly #exporter: SpanExporter;
  readonly #endpoint: string;
  readonly #log: Log;
  readonly #repeats = new Repeats();
  #isFailing: boolean = false;

  /** @param url where it sends to; its credentials are not logged */
  constructor(exporter: SpanExporter, url: string, log: Log) {
    this.#exporter = exporter;
    this.#endpoint = redactUrl(url);
    this.#log = log;
  }

  export(spans: ReadableSpan[], done: (result: ExportResult) => void): void {
    this.#exporter.export(spans, (result) => {
      this.#note(spans.length, result);
      done(result);
    });
  }

  forceFlush(): Promise<void> {
    return this.#exporter.forceFlush?.() ?? Promise.resolve();
  }

  shutdown(): Promise<void> {
    return this.#exporter.shutdown();
  }

  #note(spans: number, { code, error }: ExportResult): void {
    if (code === ExportResultCode.SUCCESS) {
      this.sent += spans;
      if (this.#isFailing) this.#log.info("spans are sent again", { endpoint: this.#endpoint });
      this.#isFailing = false;
      return;
    }
    this.#isFailing = true;
    if (this.#repeats.oncePer("failure", toldEveryMs) === undefined) return;
    this.#log.warn("spans cannot be sent and are dropped", {
      endpoint: this.#endpoint,
      reason: reasonOf(error),
    });
  }
}

/** Some errors of the exporters hold the body of the receiver's answer; that stays out. */
function reasonOf(error: Error | undefined): string {
  if (error === undefined) return "unknown";
  const code = "code" in error && error.code !== undefined ? ` (${error.code})` : "";
  return `${error.message || error.name}${code}`;
}
