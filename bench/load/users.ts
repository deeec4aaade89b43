import { seededRandom } from "./random.ts";
import { numbersMax } from "./request.ts";
import type { Users } from "./spec.ts";

/** The user that all requests are about when there is only one. It is none of the others. */
export const hotUser = numbersMax - 1;

/** Numbers from here on are for users that nobody has met before. */
export const firstNewUser = 10_000_000;

/** Answers the user of the next request, again and again. */
export function nextUser(users: Users, seed: number): () => number {
  switch (users.kind) {
    case "random": {
      const random = seededRandom(seed);
      return () => Math.floor(random() * users.count);
    }
    case "sweep": {
      let user = -1;
      return () => {
        user = (user + 1) % users.count;
        return user;
      };
    }
    case "hot":
      return () => hotUser;
    case "new": {
      let user = users.first;
      return () => {
        if (user >= hotUser) throw new Error("there are no new users left");
        return user++;
      };
    }
  }
}
