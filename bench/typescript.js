// Lets Node run the TypeScript of this repository as it is written: `node --import ./bench/typescript.js bench/main.ts`.
import { register } from "node:module";

register("./typescript-hooks.js", import.meta.url);
