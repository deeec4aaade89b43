// Single functions, measured by mitata: `npm run bench:micro -- [regular expression]`.
import { run } from "mitata";
import { deciding } from "./decisions.ts";
import { http2 } from "./http2.ts";
import { rls } from "./rls.ts";

const [pattern] = process.argv.slice(2);

rls();
deciding();
http2();
const colors = process.stdout.isTTY === true;
await run(pattern === undefined ? { colors } : { colors, filter: new RegExp(pattern) });
