import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { startProcess } from "../support/processes.ts";

const demo = join(import.meta.dirname, "../../envoy/demo.js");

test("the demo shows limits biting, and ends by itself with nothing left running", async () => {
  const running = startProcess(process.execPath, [demo, "--once"], { env: process.env });
  const { code } = await running.exited;
  expect({ code, log: running.log }).toEqual({ code: 0, log: expect.stringContaining("429") });
  const ports = [...running.log.matchAll(/127\.0\.0\.1:(\d+) /g)].map(([, port]) => Number(port));
  expect(ports.length).toBeGreaterThanOrEqual(3);
  for (const port of ports) {
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
  }
}, 90_000);
