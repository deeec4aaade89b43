import { readFile } from "node:fs/promises";
import { hideSecrets } from "../secrets.ts";
import type { CredentialsFile, RedisCredentials } from "./redis-settings.ts";

/** `password` or `user:password`, split at the first colon; empty: none. */
export function parseCredentials(text: string): RedisCredentials | undefined {
  if (text === "") return undefined;
  const colon = text.indexOf(":");
  return hideSecrets(
    colon < 0
      ? { username: undefined, password: text }
      : { username: text.slice(0, colon) || undefined, password: text.slice(colon + 1) },
  );
}

/**
 * The credentials for a connection that begins now.
 *
 * @throws Error (rejects) that says what is wrong with the file, without what is in it
 */
export async function readCredentials(
  source: RedisCredentials | CredentialsFile | undefined,
): Promise<RedisCredentials | undefined> {
  if (source === undefined || "password" in source) return source;
  const { setting, path } = source;
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new Error(`${setting}: "${path}" cannot be read (${error.code})`, { cause: error });
  });
  // Editors end a file with a line break, and no password does.
  const credentials = parseCredentials(text.replace(/\r?\n$/, ""));
  if (credentials === undefined || credentials.password === "") {
    throw new Error(`${setting}: "${path}" holds no password; accepted: password or user:password`);
  }
  return credentials;
}
