import { afterEach, describe, expect, test } from "@jest/globals";
import { Connection } from "../../../src/counters/connection.ts";
import type { RedisAddress } from "../../../src/counters/redis-settings.ts";
import { ErrorReply, type Reply } from "../../../src/counters/reply.ts";
import { resp } from "../../../src/counters/resp/dialect.ts";
import { openSocket } from "../../../src/counters/socket.ts";
import { cleanupAfterEach } from "../../support/cleanup.ts";
import { eventually } from "../../support/eventually.ts";
import { startScripted } from "../../support/scripted-server.ts";
import { sharedRedis, uniquePrefix } from "../../support/shared-redis.ts";

const cleanup = cleanupAfterEach();
const opened: Connection[] = [];

afterEach(() => {
  for (const connection of opened.splice(0)) connection.end("the test is over");
});

function connect(address: RedisAddress) {
  const reasons: string[] = [];
  const connection = new Connection(
    resp,
    (into) => openSocket(address, undefined, into),
    (reason) => reasons.push(reason),
  );
  opened.push(connection);
  return { connection, reasons };
}

/** Replies to one request of so many commands, as they come. */
function kept(count: number) {
  const replies: Reply[] = [];
  const waiting = {
    replies,
    isLost: false,
    take: (reply: Reply) => replies.push(reply) === count,
    lose: () => {
      waiting.isLost = true;
    },
  };
  return waiting;
}

describe("a connection to Redis itself", () => {
  test("understands every kind of reply", async () => {
    const { connection } = connect(sharedRedis().single);
    const key = uniquePrefix();
    expect(await connection.ask("PING")).toBe("PONG");
    expect(await connection.ask("ECHO", "ä\udce4日😀\r\n")).toBe("ä\ufffd日😀\r\n");
    expect(await connection.ask("ECHO", "")).toBe("");
    expect(await connection.ask("GET", key)).toBeUndefined();
    expect(await connection.ask("INCRBY", key, Number.MAX_SAFE_INTEGER)).toBe(
      Number.MAX_SAFE_INTEGER,
    );
    expect(await connection.ask("DECRBY", key, 2)).toBe(Number.MAX_SAFE_INTEGER - 2);
    expect(await connection.ask("EVAL", "return -7", 0)).toBe(-7);
    expect(await connection.ask("LRANGE", `${key}none`, 0, -1)).toEqual([]);
    expect(
      await connection.ask("EVAL", "return {1, {'a', false, {}}, redis.error_reply('X y')}", 0),
    ).toEqual([1, ["a", undefined, []], new ErrorReply("X y")]);
    const long = "x".repeat(1_500_000);
    expect(await connection.ask("ECHO", long)).toBe(long);
    await expect(connection.ask("GETT")).rejects.toThrow("ERR unknown command 'GETT'");
  });

  test("matches the replies with what was asked, however much is under way", async () => {
    const { connection } = connect(sharedRedis().single);
    const asked = Array.from({ length: 2_000 }, (_, i) => `${i}`.repeat(1 + (i % 50)));
    expect(await Promise.all(asked.map((text) => connection.ask("ECHO", text)))).toEqual(asked);
  });
});

describe("a connection that gets what is no answer", () => {
  test.each([
    ["another protocol", "HTTP/1.1 400 Bad Request\r\n\r\n", "something that is not RESP2"],
    ["a string without end", "$999999999\r\n", "a reply of more than 16777216 bytes"],
    ["an array without end", "*2147483647\r\n", "a reply of more than 1000000 elements"],
    ["more answers than questions", "+PONG\r\n+PONG\r\n", "Redis answered more than it was asked"],
  ])("ends, and says that it was %s", async (_what, answer, reason) => {
    const server = await cleanup.add(startScripted((_, socket) => void socket.write(answer)));
    const { connection, reasons } = connect(server.address);
    await connection.ask("PING").catch(() => undefined);
    await eventually(() => expect(reasons).toEqual([expect.stringContaining(reason)]));
    await expect(connection.ask("PING")).rejects.toThrow(reason);
    expect(reasons).toHaveLength(1);
  });

  test("takes what came before, and loses the rest", async () => {
    const server = await cleanup.add(
      startScripted((_, socket) => void socket.write(":1\r\n:2\r\n?\r\n")),
    );
    const { connection } = connect(server.address);
    const [first, second] = [kept(3), kept(1)];
    connection.send("three commands", first);
    connection.send("and one", second);
    await eventually(() => second.isLost);
    expect(first).toMatchObject({ replies: [1, 2], isLost: true });
    expect(second.replies).toEqual([]);
  });
});

describe("a connection that the server closes", () => {
  test("within a reply loses that one and all that are due", async () => {
    const server = await cleanup.add(
      startScripted((_, socket) => void socket.end("+OK\r\n$5\r\nab")),
    );
    const { connection, reasons } = connect(server.address);
    const due = kept(2);
    connection.send("two commands", due);
    await eventually(() => due.isLost);
    expect(due.replies).toEqual(["OK"]);
    expect(reasons).toEqual(["the server closed the connection"]);
    const late = kept(1);
    connection.send("never sent", late);
    expect(late.isLost).toBe(true);
    expect(server.received).toBe("two commands");
  });

  test("before it stands says why", async () => {
    const server = await startScripted(() => undefined);
    await server.stop();
    const { reasons } = connect(server.address);
    await eventually(() =>
      expect(reasons).toEqual([`connect ECONNREFUSED 127.0.0.1:${server.address.port}`]),
    );
  });
});

describe("a connection that is ended", () => {
  const answering = () =>
    startScripted((text, socket) => {
      if (text.includes("PING")) socket.write("+PONG\r\n");
    });

  test("says goodbye when everything is answered", async () => {
    const server = await cleanup.add(answering());
    const { connection, reasons } = connect(server.address);
    await connection.ask("PING");
    connection.end("enough");
    connection.end("once more");
    expect(reasons).toEqual(["enough"]);
    await eventually(() => expect(server.endings).toEqual(["goodbye"]));
  });

  test("loses what is not answered, and takes no answer from then on", async () => {
    const server = await cleanup.add(answering());
    const { connection, reasons } = connect(server.address);
    await connection.ask("PING");
    const due = kept(1);
    connection.send("something", due);
    connection.end("enough");
    expect(due).toMatchObject({ replies: [], isLost: true });
    expect(reasons).toEqual(["enough"]);
    await eventually(() => server.endings.length > 0);
  });
});

describe("a connection that is watched", () => {
  test("ends when answers are due and nothing comes", async () => {
    const server = await cleanup.add(startScripted(() => undefined));
    const { connection, reasons } = connect(server.address);
    connection.watch(100, 60_000);
    const startedMs = performance.now();
    await expect(connection.ask("PING")).rejects.toThrow("no answer within 100 ms");
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(95);
    expect(reasons).toEqual(["no answer within 100 ms"]);
  });

  test("goes on while an answer comes, however slowly", async () => {
    const server = await cleanup.add(
      startScripted((_, socket) => {
        const bytes = [..."$10\r\n0123456789\r\n"];
        const timer = setInterval(() => {
          if (bytes.length === 0) clearInterval(timer);
          else socket.write(bytes.shift() as string);
        }, 20);
      }),
    );
    const { connection, reasons } = connect(server.address);
    connection.watch(200, 60_000);
    expect(await connection.ask("GET", "a")).toBe("0123456789");
    expect(reasons).toEqual([]);
  });

  test("asks for a sign of life when it is idle, and ends when there is none", async () => {
    let pings = 0;
    const server = await cleanup.add(
      startScripted((text, socket) => {
        pings += 1;
        expect(text).toBe("*1\r\n$4\r\nPING\r\n");
        if (pings <= 3) socket.write("+PONG\r\n");
      }),
    );
    const { connection, reasons } = connect(server.address);
    connection.watch(100, 25);
    await eventually(() => expect(reasons).toEqual(["no answer within 100 ms"]));
    expect(pings).toBe(4);
  });
});
