import { expect } from "@jest/globals";
import { ErrorCode } from "../../../../src/grpc/h2/error-codes.ts";
import { ping } from "../../../support/h2/frames.ts";
import type { RawClient } from "../../../support/h2/raw-client.ts";

/** What a peer sends after the greetings, and what has to come of it. */
export interface Case {
  /** Of RFC 9113, or of RFC 7541 where it says so. */
  readonly section: string;
  readonly title: string;
  /** Written at once, or step by step. */
  readonly send: readonly Buffer[] | ((client: RawClient) => Promise<void>);
  readonly outcome: (client: RawClient) => Promise<void>;
}

export function titleOf({ section, title }: Case): string {
  return `§${section}: ${title}`;
}

/** §5.4.1: GOAWAY with this code, and the end of the connection. */
export function connectionError(code: ErrorCode): Case["outcome"] {
  return async (client) => {
    await client.untilClosed();
    expect(client.answers.goAways.map((each) => nameOf(each.code))).toEqual([nameOf(code)]);
  };
}

/** §5.4.2: RST_STREAM with this code, and nothing else is wrong. */
export function streamError(streamId: number, code: ErrorCode): Case["outcome"] {
  return async (client) => {
    await client.until(({ on }) => on.call(client.answers, streamId).resetCode !== undefined);
    expect(nameOf(client.answers.on(streamId).resetCode)).toBe(nameOf(code));
    await alive(client);
  };
}

/** The call is answered with status OK, and the connection goes on. */
export function answered(streamId: number): Case["outcome"] {
  return async (client) => {
    await client.until((answers) => answers.on(streamId).isComplete);
    expect(client.answers.on(streamId)).toMatchObject({
      fields: { ":status": "200", "grpc-status": "0" },
      resetCode: undefined,
    });
    await alive(client);
  };
}

/** The request is answered with this HTTP status, and the connection goes on. */
export function httpStatus(streamId: number, status: number): Case["outcome"] {
  return async (client) => {
    await client.until((answers) => answers.on(streamId).isComplete);
    expect(client.answers.on(streamId).fields[":status"]).toBe(String(status));
    await alive(client);
  };
}

/** Nothing has happened: the connection goes on. */
export async function alive(client: RawClient): Promise<void> {
  const payload = "alive? ?";
  client.send(ping(payload));
  await client.until(({ frames }) =>
    frames.some(
      ({ type, flags, payload: echoed }) => type === 6 && flags === 1 && String(echoed) === payload,
    ),
  );
  expect(client.answers.goAways).toEqual([]);
}

/** The connection goes on, and no stream was reset. */
export async function ignored(client: RawClient): Promise<void> {
  await alive(client);
  expect(client.answers.frames.filter(({ type }) => type === 3)).toEqual([]);
}

function nameOf(code: number | undefined): string | undefined {
  return Object.entries(ErrorCode).find(([, each]) => each === code)?.[0];
}
