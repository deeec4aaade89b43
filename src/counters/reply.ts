/** What a Redis server answers: RESP2, as the Redis documentation has it under «Redis serialization protocol specification». */

/**
 * One reply. A number is an integer (64 bits: those beyond 2^53 are rounded), a string a simple or a bulk string, `undefined` the
 * null of either form.
 */
export type Reply = number | string | undefined | ErrorReply | readonly Reply[];

/** The server did not do what it was told, and says why: `WRONGPASS invalid username-password pair or user is disabled.` */
export class ErrorReply {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}
