import type { Connection } from "./connection.ts";
import { readCredentials } from "./redis-credentials.ts";
import type { ServerTarget } from "./target.ts";

/** What an operator sees in CLIENT LIST. */
const clientName = "velocitygate";

/**
 * Says who we are and what we want, all in one go, and waits until the server is ready to count. A server that is still loading its
 * data, asks for another password or has no such database is not.
 *
 * @throws Error (rejects) with the server's words, that it is a replica, or what is wrong with the file of the password
 */
export async function greet(connection: Connection, target: ServerTarget): Promise<void> {
  const { database, isMaster } = target;
  const credentials = await readCredentials(target.credentials);
  const answers: Promise<unknown>[] = [];
  if (credentials) {
    const { username, password } = credentials;
    answers.push(
      username === undefined
        ? connection.ask("AUTH", password)
        : connection.ask("AUTH", username, password),
    );
  }
  if (database !== 0) answers.push(connection.ask("SELECT", database));
  // A name is a nicety: who may not set one, or speaks to a proxy that knows no names, counts all the same.
  answers.push(connection.ask("CLIENT", "SETNAME", clientName).catch(() => undefined));
  if (isMaster) answers.push(requireMaster(connection));
  answers.push(connection.ask("PING"));
  await Promise.all(answers);
}

/** Who may not ask is told by the first increment: a replica refuses it. */
async function requireMaster(connection: Connection): Promise<void> {
  const role = await connection.ask("ROLE").catch((error: Error) => {
    if (!error.message.startsWith("NOPERM")) throw error;
  });
  if (Array.isArray(role) && role[0] !== "master") throw new Error("the server is a replica");
}
