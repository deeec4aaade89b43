/** Joins sockets where the tests themselves cannot be: in the network of a pod. Its argument is a list of `Way`, in JSON. */
import { joinSockets, type Way } from "./join-sockets.ts";

const ways = JSON.parse(process.argv[2] ?? "[]") as readonly Way[];
await Promise.all(ways.map(joinSockets));
