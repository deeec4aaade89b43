import type { Admission } from "../decision/increment.ts";
import type { VelocityGateError } from "../errors.ts";
import { admitArguments, admitScript, admitScriptDigest } from "./admit-script.ts";
import type { Call } from "./call.ts";
import type { Command } from "./command.ts";
import type { WriteArgument } from "./encodable.ts";
import type { Reply } from "./reply.ts";
import { notANumber, refused } from "./store-errors.ts";

/** How much one script does at most, so that it keeps nobody waiting: increments, and characters of their keys. */
const incrementsMax = 128;
const charactersMax = 65_536;

interface AdmitRequest {
  readonly admissions: readonly Admission[];
  readonly call: Call;
}

/**
 * The admissions of a request on their way to Redis, and with them those of the requests that travel along: one EVALSHA for all. A
 * server that has forgotten the script, or never knew it, says so and is sent its text.
 */
export class AdmitCommand implements Command {
  redirections = 0;
  isAsking = false;
  readonly key: string;
  readonly #requests: AdmitRequest[];
  #increments: number;
  #characters: number;
  #isInFull: boolean = false;

  /** @param place the key of all admissions; empty: they are on one server, whatever their keys */
  constructor(place: string, admissions: readonly Admission[], call: Call) {
    this.key = place;
    this.#requests = [{ admissions, call }];
    this.#increments = admissions.length;
    this.#characters = admissions.reduce((sum, { key }) => sum + key.length, 0);
  }

  get characters(): number {
    return this.#characters;
  }

  encode(bulk: WriteArgument): string {
    const places = new Map<string, number>();
    let text = "";
    let count = 0;
    const write = (word: string | number): void => {
      text += bulk(String(word));
      count += 1;
    };
    for (const { admissions } of this.#requests) {
      write(admissions.length);
      for (const admission of admissions) {
        const place = places.get(admission.key) ?? places.size + 1;
        places.set(admission.key, place);
        for (const word of admitArguments(place, admission)) write(word);
      }
    }
    let head = this.#isInFull
      ? bulk("EVAL") + bulk(admitScript)
      : bulk("EVALSHA") + bulk(admitScriptDigest);
    head += bulk(String(places.size));
    for (const key of places.keys()) head += bulk(key);
    return `*${3 + places.size + count}\r\n${head}${text}`;
  }

  absorb(later: Command): boolean {
    if (!(later instanceof AdmitCommand)) return false;
    const increments = this.#increments + later.#increments;
    const characters = this.#characters + later.#characters;
    if (increments > incrementsMax || characters > charactersMax) return false;
    this.#increments = increments;
    this.#characters = characters;
    this.#isInFull ||= later.#isInFull;
    this.#requests.push(...later.#requests);
    return true;
  }

  awaited(): AdmitCommand | undefined {
    for (let i = this.#requests.length - 1; i >= 0; i--) {
      if (this.#requests[i]?.call.isDone) this.#requests.splice(i, 1);
    }
    return this.#requests.length > 0 ? this : undefined;
  }

  answer(reply: Reply): void {
    const totals: readonly Reply[] = Array.isArray(reply) ? reply : [];
    let at = 0;
    for (const { admissions, call } of this.#requests) {
      for (let i = 0; i < admissions.length; i++) settle(call, i, totals[at++]);
    }
  }

  again(text: string): boolean {
    const isUnknown = text.startsWith("NOSCRIPT") && !this.#isInFull;
    this.#isInFull ||= isUnknown;
    return isUnknown;
  }

  refuse(text: string): void {
    this.giveUp(refused("Redis", text));
  }

  giveUp(error: VelocityGateError): void {
    for (const { call } of this.#requests) call.fail(error);
  }

  lose(error: VelocityGateError): void {
    this.giveUp(error);
  }
}

function settle(call: Call, at: number, total: Reply): void {
  if (typeof total === "number" && total >= 0) call.settle(at, total);
  else call.fail(notANumber("Redis"));
}
