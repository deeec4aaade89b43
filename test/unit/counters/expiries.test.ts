import { afterEach, describe, expect, test } from "@jest/globals";
import type { Command } from "../../../src/counters/command.ts";
import { Expiries } from "../../../src/counters/expiries.ts";
import { encodeRequest } from "../../../src/counters/resp/request.ts";
import { unavailable } from "../../../src/counters/store-errors.ts";

const lost = unavailable("the connection to Redis was lost");

/** Expiries whose commands the test settles itself. */
function keptExpiries() {
  const sent: Command[] = [];
  const expiries = new Expiries((command) => sent.push(command));
  opened.push(expiries);
  return { expiries, sent };
}

const opened: Expiries[] = [];
afterEach(() => {
  for (const expiries of opened.splice(0)) expiries.close();
});

describe("expiries", () => {
  test("are sent at once, and once when they are answered", () => {
    const { expiries, sent } = keptExpiries();
    expiries.owe({ key: "a", ttlSeconds: 60 });
    sent[0]?.answer(1);
    expiries.retry();
    expect(encodeRequest(sent)).toBe("*3\r\n$6\r\nEXPIRE\r\n$1\r\na\r\n$2\r\n60\r\n");
  });

  test("that were lost, refused or redirected too often are sent again as if for the first time", () => {
    const { expiries, sent } = keptExpiries();
    for (const key of ["a", "b"]) expiries.owe({ key, ttlSeconds: 60 });
    const [a, b] = sent.splice(0) as [Command, Command];
    a.lose(lost, true);
    b.redirections = 5;
    b.isAsking = true;
    b.refuse("MOVED 1 127.0.0.1:6379");
    expiries.retry();
    expect(sent.map(({ key, redirections, isAsking }) => [key, redirections, isAsking])).toEqual([
      ["a", 0, false],
      ["b", 0, false],
    ]);
  });

  test("are abandoned after ten attempts, and counted", () => {
    const { expiries, sent } = keptExpiries();
    expiries.owe({ key: "a", ttlSeconds: 60 });
    for (let attempt = 1; attempt <= 10; attempt++) {
      expect(expiries.abandoned).toBe(0);
      sent.splice(0)[0]?.lose(lost, false);
      expiries.retry();
    }
    expect(expiries.abandoned).toBe(1);
    expect(sent).toEqual([]);
  });

  test("wait in bounded number, and what is too much is counted", () => {
    const { expiries, sent } = keptExpiries();
    for (let i = 0; i < 10_005; i++) expiries.owe({ key: `k${i}`, ttlSeconds: 60 });
    for (const command of sent.splice(0)) command.lose(lost, true);
    expect(expiries.abandoned).toBe(5);
    expiries.retry();
    expect(sent).toHaveLength(10_000);
  });

  test("that are not settled when the store closes are abandoned", () => {
    const { expiries, sent } = keptExpiries();
    for (const key of ["a", "b"]) expiries.owe({ key, ttlSeconds: 60 });
    const [a, b] = sent as [Command, Command];
    a.lose(lost, true);
    expiries.close();
    b.lose(lost, true);
    expect(expiries.abandoned).toBe(2);
  });
});
