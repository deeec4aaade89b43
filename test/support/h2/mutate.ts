import type { Random } from "./random.ts";

/** Frames like these, but for something that no client should do. */
export function mutate(
  frames: readonly Buffer[],
  earlier: readonly Buffer[],
  random: Random,
): Buffer[] {
  const copies = frames.map((each) => Buffer.from(each));
  const index = random.int(copies.length);
  const frame = copies[index] ?? Buffer.alloc(9);
  switch (random.int(12)) {
    case 0:
      return [...copies.slice(0, index), ...copies.slice(index + 1)];
    case 1:
      return [...copies, frame];
    case 2:
      return copies.reverse();
    case 3:
      // Another type.
      frame[3] = random.int(12);
      return copies;
    case 4:
      frame[4] = random.int(256);
      return copies;
    case 5:
      frame.writeUInt32BE(random.int(40), 5);
      return copies;
    case 6: {
      // Another length: what follows is read as something else.
      frame.writeUIntBE(Math.max(0, frame.length - 9 + random.int(7) - 3), 0, 3);
      return copies;
    }
    case 7:
      frame.writeUIntBE(random.int(20_000), 0, 3);
      return copies;
    case 8:
    case 9:
      for (let flips = 1 + random.int(4); flips > 0; flips -= 1) {
        const at = random.int(frame.length);
        frame[at] = (frame[at] ?? 0) ^ (1 << random.int(8));
      }
      return copies;
    case 10:
      return [...copies, Buffer.from(random.pick(earlier))];
    default:
      return [...copies, random.bytes(random.int(40))];
  }
}
