import { afterEach, expect, test } from "@jest/globals";
import { EventLoopMonitor } from "../../../src/observe/event-loop.ts";
import { eventually } from "../../support/eventually.ts";

const opened: EventLoopMonitor[] = [];
afterEach(() => {
  for (const monitor of opened.splice(0)) monitor.close();
});

function open(nowMs: () => number = () => 0): EventLoopMonitor {
  const monitor = new EventLoopMonitor(nowMs);
  opened.push(monitor);
  return monitor;
}

/** Keeps the loop from doing anything else. */
function block(ms: number): void {
  const endMs = performance.now() + ms;
  while (performance.now() < endMs);
}

test("a loop that was blocked shows it as delay, an idle one hardly any", async () => {
  const monitor = open();
  await eventually(() => monitor.read().delayP50Seconds > 0);
  expect(monitor.read().delayP50Seconds).toBeLessThan(0.05);
  block(300);
  await eventually(() => monitor.read().delayMaxSeconds > 0.2);
  expect(monitor.read().utilization).toBeGreaterThan(0);
});

test("within ten seconds two scrapers read the same figures", async () => {
  let nowMs = 0;
  const monitor = open(() => nowMs);
  await eventually(() => monitor.read().delayP50Seconds > 0);
  block(200);
  await eventually(() => monitor.read().delayMaxSeconds > 0.1);
  nowMs = 10_000;
  const figures = monitor.read();
  nowMs = 19_999;
  expect(monitor.read()).toBe(figures);
  await eventually(() => {
    nowMs += 10_000;
    return monitor.read().delayMaxSeconds < 0.1;
  });
});
