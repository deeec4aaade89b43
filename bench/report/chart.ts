import { median, type Row } from "../figures.ts";
import type { Environment } from "../measure/environment.ts";
import { short } from "./text.ts";

const width = 860;
const labelWidth = 190;
const barHeight = 17;
const gap = 5;
const groupGap = 22;
const top = 64;
const barsWidth = width - labelWidth - 150;
const serverColour = "#2f6fb3";
const redisColour = "#d98324";
const font = "font-family='system-ui, -apple-system, Segoe UI, sans-serif'";

/** What the chart shows, if the run has it: scenario and load, and what to call them. */
const shown: readonly (readonly [scenario: string, load: string, title: string])[] = [
  ["single", "4x100", "One Redis, 4 connections × 100 streams"],
  ["single", "4x16", "One Redis, 4 × 16"],
  ["single", "4x4", "One Redis, 4 × 4"],
  ["memory", "4x100", "In memory, 4 × 100"],
  ["memory", "4x4", "In memory, 4 × 4"],
];

/** Our own service by its name, where tables have its engine only. */
const names: Readonly<Record<string, string>> = {
  h2: "VelocityGate",
  "grpc-js": "VelocityGate on grpc-js",
};

/** CPU time per call as bars: the server's, and Redis's behind it. */
export function drawChart(rows: readonly Row[], { node, redis, cores }: Environment): string {
  const groups = shown
    .map(([scenario, load, title]) => ({
      title,
      rows: rows.filter((row) => row.scenario === scenario && row.load === load),
    }))
    .filter((group) => group.rows.length > 0);
  const largest = Math.max(1, ...groups.flatMap((group) => group.rows.map(totalUs)));
  const pixels = (us: number) => (us / largest) * barsWidth;
  let y = top;
  const parts: string[] = [];
  for (const group of groups) {
    parts.push(text(0, y + 12, group.title, "font-weight='600'"));
    y += 22;
    for (const row of group.rows) {
      parts.push(...bar(row, y, pixels));
      y += barHeight + gap;
    }
    y += groupGap;
  }
  const height = y + 4;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="-16 0 ${width + 32} ${height}" ${font} font-size="13" fill="#1c2733">`,
    "<title>CPU time per call of each server, and of Redis for it</title>",
    `<rect x="-16" width="${width + 32}" height="${height}" fill="#ffffff"/>`,
    text(0, 24, "CPU time per call, in µs", "font-size='17' font-weight='600'"),
    legend(),
    text(
      width,
      24,
      `Node ${node}, Redis ${redis}, ${cores} cores; medians`,
      "text-anchor='end' fill='#5b6875'",
    ),
    ...parts,
    "</svg>\n",
  ].join("\n");
}

function totalUs(row: Row): number {
  return median(row, "server_cpu_us") + median(row, "redis_cpu_us");
}

function bar(row: Row, y: number, pixels: (us: number) => number): string[] {
  const server = median(row, "server_cpu_us");
  const redis = median(row, "redis_cpu_us");
  const end = labelWidth + pixels(server);
  const values = redis > 0 ? `${short(server)} + ${short(redis)}` : short(server);
  return [
    text(labelWidth - 10, y + 13, names[row.server] ?? row.server, "text-anchor='end'"),
    rectangle(labelWidth, y, pixels(server), serverColour),
    rectangle(end, y, pixels(redis), redisColour),
    text(end + pixels(redis) + 8, y + 13, values, "fill='#39434d'"),
  ];
}

function legend(): string {
  return [
    rectangle(0, 38, 12, serverColour, 12),
    text(18, 48, "the server"),
    rectangle(100, 38, 12, redisColour, 12),
    text(118, 48, "Redis"),
  ].join("\n");
}

function rectangle(x: number, y: number, wide: number, colour: string, high = barHeight): string {
  return `<rect x="${x.toFixed(1)}" y="${y}" width="${wide.toFixed(1)}" height="${high}" fill="${colour}"/>`;
}

function text(x: number, y: number, content: string, attributes = ""): string {
  const escaped = content.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<text x="${x.toFixed(1)}" y="${y}" ${attributes}>${escaped}</text>`;
}
