import { bench, do_not_optimize, group } from "mitata";
import type { Field } from "../../src/grpc/h2/fields.ts";
import {
  Flag,
  FrameReader,
  FrameType,
  frameHeaderBytes,
  putFrameHeader,
} from "../../src/grpc/h2/frames.ts";
import { HeaderDecoder } from "../../src/grpc/h2/hpack.ts";
import { decodeHuffman } from "../../src/grpc/h2/huffman.ts";
import { RequestHeads } from "../load/request-head.ts";

const listBytesMax = 65_536;

/** RFC 7541 C.4.1: `www.example.com`. */
const huffmanCoded = Buffer.from("f1e3c2e5f23a6ba0ab90f4ff", "hex");

/** Frames and header blocks. */
export function http2(): void {
  const heads = new RequestHeads("http", "20m", 4096);
  const first = heads.next();
  const later = heads.next();
  group("decode a header block of ten fields", () => {
    bench("the first of a connection", () => {
      const fields: Field[] = [];
      do_not_optimize(new HeaderDecoder().decode(first, 0, first.length, fields, listBytesMax));
    });
    const decoder = new HeaderDecoder();
    decoder.decode(first, 0, first.length, [], listBytesMax);
    bench("a later one", () => {
      const fields: Field[] = [];
      do_not_optimize(decoder.decode(later, 0, later.length, fields, listBytesMax));
    });
  });
  const into = Buffer.alloc(64);
  group("decode a Huffman-coded string of 15 characters", () => {
    bench("decodeHuffman", () => {
      do_not_optimize(decodeHuffman(huffmanCoded, 0, huffmanCoded.length, into, 0));
    });
  });
  const chunk = callFrames(100, later);
  group("read the 200 frames of 100 calls", () => {
    bench("one chunk", () => do_not_optimize(countFrames([chunk])));
    const parts = [chunk.subarray(0, 7_001), chunk.subarray(7_001)];
    bench("two chunks", () => do_not_optimize(countFrames(parts)));
  });
}

function callFrames(calls: number, head: Buffer): Buffer {
  const payload = Buffer.alloc(120);
  const frames: Buffer[] = [];
  for (let i = 0; i < calls; i++) {
    const id = 2 * i + 1;
    frames.push(frame(FrameType.HEADERS, Flag.END_HEADERS, id, head));
    frames.push(frame(FrameType.DATA, Flag.END_STREAM, id, payload));
  }
  return Buffer.concat(frames);
}

function frame(type: number, flags: number, streamId: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(frameHeaderBytes);
  putFrameHeader(header, 0, payload.length, type, flags, streamId);
  return Buffer.concat([header, payload]);
}

function countFrames(chunks: readonly Buffer[]): number {
  const reader = new FrameReader();
  let count = 0;
  for (const chunk of chunks) {
    reader.feed(chunk, 0);
    while (reader.next()) count += 1;
  }
  return count;
}
