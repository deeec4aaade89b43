/** What V8's CPU profiler writes, as far as it is read here. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: {
      readonly functionName: string;
      readonly url: string;
      /** From 0. */
      readonly lineNumber: number;
    };
  }[];
  /** Of the sample's node. */
  readonly samples: readonly number[];
  /** Microseconds between a sample and the one before. */
  readonly timeDeltas: readonly number[];
}

/** What a function takes, or a file or package with all of its functions. */
export interface Share {
  readonly name: string;
  /** Where it is; empty for what is no JavaScript. */
  readonly place: string;
  /** Of the time in which the process did anything, or of all bytes. */
  readonly share: number;
}

/** Time in each function itself, without those that it calls, largest first. The time in which nothing was done is left out. */
export function selfTimes({ nodes, samples, timeDeltas }: CpuProfile): readonly Share[] {
  const functions = new Map(nodes.map(({ id, callFrame }) => [id, describe(callFrame)]));
  const sums = new Map<string, { name: string; place: string; amount: number }>();
  for (let i = 0; i < samples.length; i++) {
    const { name, place } = functions.get(samples[i] ?? 0) ?? { name: "?", place: "" };
    if (name !== "(idle)") add(sums, name, place, timeDeltas[i] ?? 0);
  }
  return shares(sums);
}

/** What V8's sampling heap profiler writes. */
export interface AllocationProfile {
  readonly head: AllocationNode;
}

interface AllocationNode {
  readonly callFrame: CpuProfile["nodes"][number]["callFrame"];
  readonly selfSize: number;
  readonly children: readonly AllocationNode[];
}

/** Bytes that each function allocated itself, largest first, and how many there were in all. */
export function allocations({ head }: AllocationProfile): {
  readonly bytes: number;
  readonly shares: readonly Share[];
} {
  const sums = new Map<string, { name: string; place: string; amount: number }>();
  let bytes = 0;
  const nodes = [head];
  for (let node = nodes.pop(); node !== undefined; node = nodes.pop()) {
    const { name, place } = describe(node.callFrame);
    add(sums, name, place, node.selfSize);
    bytes += node.selfSize;
    nodes.push(...node.children);
  }
  return { bytes, shares: shares(sums) };
}

/** The same by package, or by folder of this service. */
export function byOrigin(functions: readonly Share[]): readonly Share[] {
  const sums = new Map<string, { name: string; place: string; amount: number }>();
  for (const { name, place, share } of functions) add(sums, originOf(name, place), "", share);
  return shares(sums);
}

function originOf(name: string, place: string): string {
  if (place === "") return name;
  if (place.startsWith("node:")) return "Node";
  const [, module] = /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(place) ?? [];
  return module ?? (place.includes("/") ? `${place.slice(0, place.lastIndexOf("/"))}/` : "main");
}

function describe({ functionName, url, lineNumber }: CpuProfile["nodes"][number]["callFrame"]) {
  const name = functionName === "" ? "(anonymous)" : functionName;
  return { name, place: url === "" ? "" : `${shortUrl(url)}:${lineNumber + 1}` };
}

/** A path from the package or the service's own folder on. */
function shortUrl(url: string): string {
  const at = url.lastIndexOf("node_modules/");
  return at >= 0 ? url.slice(at) : url.replace(/^file:.*?\/(?:dist|\.bench)\//, "");
}

function add(
  sums: Map<string, { name: string; place: string; amount: number }>,
  name: string,
  place: string,
  amount: number,
): void {
  const key = `${name} ${place}`;
  const sum = sums.get(key);
  if (sum === undefined) sums.set(key, { name, place, amount });
  else sum.amount += amount;
}

function shares(sums: ReadonlyMap<string, { name: string; place: string; amount: number }>) {
  const all = [...sums.values()];
  const total = all.reduce((sum, { amount }) => sum + amount, 0);
  return all
    .map(({ name, place, amount }): Share => ({ name, place, share: amount / total }))
    .toSorted((a, b) => b.share - a.share);
}
