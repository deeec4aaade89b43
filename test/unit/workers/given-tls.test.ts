import { expect, test } from "@jest/globals";
import { givenTls } from "../../../src/workers/given-tls.ts";
import type { ToWorker } from "../../../src/workers/messages.ts";

/** A primary that says what the test says. */
function scriptedPrimary() {
  const listeners: ((message: ToWorker) => void)[] = [];
  return {
    onMessage: (listener: (message: ToWorker) => void) => void listeners.push(listener),
    say(message: ToWorker) {
      for (const listener of listeners) listener(message);
    },
  };
}

const texts = (name: string) => ({ cert: `${name} cert`, key: `${name} key`, ca: undefined });

test("a worker waits for all uses of TLS, and has what comes later", async () => {
  const primary = scriptedPrimary();
  let given: Awaited<ReturnType<typeof givenTls>> | undefined;
  const giving = givenTls(primary, ["grpc", "redis"]).then((sources) => {
    given = sources;
  });
  primary.say({ type: "tls", use: "grpc", texts: texts("first") });
  primary.say({ type: "retire" });
  await new Promise((resolve) => setImmediate(resolve));
  expect(given).toBeUndefined();
  primary.say({ type: "tls", use: "redis", texts: texts("redis") });
  await giving;
  expect(given?.get("grpc")?.current).toEqual(texts("first"));
  expect(given?.get("redis")?.current).toEqual(texts("redis"));

  const heard: unknown[] = [];
  given?.get("grpc")?.onChange((material) => heard.push(material));
  primary.say({ type: "tls", use: "grpc", texts: texts("second") });
  expect(heard).toEqual([texts("second")]);
  expect(given?.get("grpc")?.current).toEqual(texts("second"));
  expect(JSON.stringify(given?.get("grpc")?.current)).not.toContain("second key");
});

test("a worker without TLS waits for nothing", async () => {
  expect((await givenTls(scriptedPrimary(), [])).size).toBe(0);
});
