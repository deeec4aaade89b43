/** RFC 7541, as far as a connection shows it. */

import { ErrorCode } from "../../../../src/grpc/h2/error-codes.ts";
import { Flag, FrameType } from "../../../../src/grpc/h2/frames.ts";
import {
  block,
  frame,
  indexedBlock,
  lastData,
  message,
  unaryPath,
} from "../../../support/h2/frames.ts";
import { answered, type Case, connectionError } from "./case.ts";

/** :method POST and :scheme http, indexed; :path without indexing; content-type with incremental indexing. */
const request = Buffer.concat([
  Buffer.of(0x83, 0x86),
  Buffer.of(0x04, unaryPath.length),
  Buffer.from(unaryPath),
  indexedBlock([["content-type", "application/grpc"]]),
]);

function withBlock(...parts: readonly (Uint8Array | string)[]): readonly Buffer[] {
  const bytes = parts.map((part) => (typeof part === "string" ? Buffer.from(part, "hex") : part));
  return [
    frame(FrameType.HEADERS, Flag.END_HEADERS, 1, Buffer.concat(bytes)),
    lastData(1, message("x")),
  ];
}

const custom = Buffer.from("custom-name");
const customHuffman = Buffer.from("8825a849e95ba97d7f", "hex");
const valueHuffman = Buffer.from("8925a849e95bb8e8b4bf", "hex");
const newName = (first: number) => Buffer.concat([Buffer.of(first, custom.length), custom]);

const representations: readonly (readonly [title: string, bytes: Uint8Array])[] = [
  ["an indexed field", Buffer.of(0x90)],
  [
    "a literal with indexing, indexed name",
    Buffer.concat([Buffer.of(0x7a), Buffer.of(5), Buffer.from("value")]),
  ],
  [
    "a literal with indexing, indexed name, Huffman",
    Buffer.concat([Buffer.of(0x7a), valueHuffman]),
  ],
  [
    "a literal with indexing, new name",
    Buffer.concat([newName(0x40), Buffer.of(5), Buffer.from("value")]),
  ],
  [
    "a literal with indexing, new name, Huffman",
    Buffer.concat([Buffer.of(0x40), customHuffman, valueHuffman]),
  ],
  [
    "a literal without indexing, indexed name",
    Buffer.concat([Buffer.of(0x0f, 0x2b, 5), Buffer.from("value")]),
  ],
  [
    "a literal without indexing, indexed name, Huffman",
    Buffer.concat([Buffer.of(0x0f, 0x2b), valueHuffman]),
  ],
  [
    "a literal without indexing, new name",
    Buffer.concat([newName(0x00), Buffer.of(5), Buffer.from("value")]),
  ],
  [
    "a literal without indexing, new name, Huffman",
    Buffer.concat([Buffer.of(0x00), customHuffman, valueHuffman]),
  ],
  [
    "a literal never indexed, indexed name",
    Buffer.concat([Buffer.of(0x1f, 0x2b, 5), Buffer.from("value")]),
  ],
  [
    "a literal never indexed, indexed name, Huffman",
    Buffer.concat([Buffer.of(0x1f, 0x2b), valueHuffman]),
  ],
  [
    "a literal never indexed, new name",
    Buffer.concat([newName(0x10), Buffer.of(5), Buffer.from("value")]),
  ],
  [
    "a literal never indexed, new name, Huffman",
    Buffer.concat([Buffer.of(0x10), customHuffman, valueHuffman]),
  ],
  ["a value that is empty", Buffer.concat([newName(0x00), Buffer.of(0)])],
];

const broken: readonly (readonly [section: string, title: string, hex: string])[] = [
  ["2.3.3", "an index beyond the tables", "ff80"],
  ["4.2", "a table size update at the end of a block", "3fe11f"],
  ["5.2", "Huffman padding longer than seven bits", "000178836402ff"],
  ["5.2", "Huffman padding of zeroes", "00017881 18"],
  ["5.2", "a Huffman string with EOS", "00017884ffffffff"],
  ["6.1", "the index 0", "80"],
];

export const hpack: readonly Case[] = [
  ...representations.map(
    ([title, bytes]): Case => ({
      section: "6 of RFC 7541",
      title,
      send: withBlock(request, bytes),
      outcome: answered(1),
    }),
  ),
  {
    section: "6.3 of RFC 7541",
    title: "a table size update",
    send: withBlock("3fe10f", request),
    outcome: answered(1),
  },
  {
    section: "6.3 of RFC 7541",
    title: "several table size updates",
    send: withBlock("203fe10f3fe11f", request),
    outcome: answered(1),
  },
  {
    section: "6.3 of RFC 7541",
    title: "a table size update above SETTINGS_HEADER_TABLE_SIZE",
    send: withBlock("3fe21f", request),
    outcome: connectionError(ErrorCode.COMPRESSION_ERROR),
  },
  ...broken.map(
    ([section, title, hex]): Case => ({
      section: `${section} of RFC 7541`,
      title,
      send: withBlock(request, hex.replaceAll(" ", "")),
      outcome: connectionError(ErrorCode.COMPRESSION_ERROR),
    }),
  ),
  {
    section: "3.2.1 of RFC 7541",
    title: "the tables of a refused and of a malformed request are kept",
    send: [
      frame(
        FrameType.HEADERS,
        Flag.END_HEADERS | Flag.END_STREAM,
        1,
        indexedBlock([["x-kept", "1"]]),
      ),
      // 62 is x-kept.
      frame(
        FrameType.HEADERS,
        Flag.END_HEADERS,
        3,
        Buffer.concat([request.subarray(0, request.length), Buffer.of(0xbf)]),
      ),
      lastData(3, message("x")),
      frame(
        FrameType.HEADERS,
        Flag.END_HEADERS,
        5,
        Buffer.concat([
          block([[":method", "POST"]]),
          Buffer.of(0x86, 0x04, unaryPath.length),
          Buffer.from(unaryPath),
          Buffer.of(0xbe, 0xbf),
        ]),
      ),
      lastData(5, message("x")),
    ],
    outcome: answered(5),
  },
];
