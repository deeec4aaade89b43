import { createHash } from "node:crypto";
import type { Admission, Denies } from "../decision/increment.ts";

/**
 * Admits or denies the requests of a batch, one after another, in one step (`CounterStore.admitAll`): it is a script because whether
 * to add depends on what is there, and on the other counters of the request. It reads each counter once and adds to it once.
 *
 * KEYS: the counters, each once.
 * ARGV, for each request: how many increments it has, then for each of them five: the place of its counter in KEYS, from 1 on; hits;
 * limit; seconds to live when it creates the counter; `a`, `t` or `n` for denies alone, together or never.
 *
 * Answers the totals of all increments in their order, -1 for those of a request that has to do with something that is no counter.
 * `pcall` hands on an error of Redis as it is, with its kind first.
 */
export const admitScript: string = `local count, initial, life = {}, {}, {}
for k = 1, #KEYS do
  local value = redis.pcall('GET', KEYS[k])
  if not value then
    count[k] = 0
  elseif type(value) == 'string' and string.match(value, '^%-?%d+$') then
    count[k] = tonumber(value)
  elseif type(value) == 'table' and not string.find(value.err, 'WRONGTYPE', 1, true) then
    return value
  end
  initial[k] = value and count[k]
end
local totals = {}
local at = 1
while at <= #ARGV do
  local size = tonumber(ARGV[at])
  local first = #totals
  local admitted, denied, returned, lives = {}, {}, {}, {}
  local over, together, togetherOver, broken = false, 0, 0, false
  for i = 1, size do
    local a = at + 5 * (i - 1)
    local k, hits, limit = tonumber(ARGV[a + 1]), tonumber(ARGV[a + 2]), tonumber(ARGV[a + 3])
    local before = count[k]
    broken = broken or not before
    before = before or 0
    local total = (admitted[k] or before) + hits
    if hits < 0 then
      total = math.max(0, total)
      denied[k] = math.max(0, (denied[k] or before) + hits)
      returned[i] = denied[k]
    end
    if hits <= 0 or total <= limit then
      admitted[k] = total
      if hits > 0 then lives[k] = lives[k] or ARGV[a + 4] end
    end
    local isOver = total > limit
    if ARGV[a + 5] == 'a' then
      over = over or isOver
    elseif ARGV[a + 5] == 't' then
      together = together + 1
      if isOver then togetherOver = togetherOver + 1 end
    end
    totals[first + i] = total
  end
  over = over or (together > 0 and togetherOver == together)
  if broken then
    for i = 1, size do totals[first + i] = -1 end
  else
    for k, total in pairs(over and denied or admitted) do count[k] = total end
    for i = 1, size do
      totals[first + i] = math.min(math.max(0, over and returned[i] or totals[first + i]), 9007199254740991)
    end
    if not over then
      for k, seconds in pairs(lives) do life[k] = life[k] or seconds end
    end
  end
  at = at + 1 + 5 * size
end
for k = 1, #KEYS do
  local hits = count[k] and count[k] - (initial[k] or 0)
  if hits and hits ~= 0 then
    local added = redis.pcall('INCRBY', KEYS[k], string.format('%.0f', hits))
    if type(added) == 'table' then return added end
    if not initial[k] then
      local limited = redis.pcall('EXPIRE', KEYS[k], life[k])
      if type(limited) == 'table' then return limited end
    end
  end
end
return totals`;

export const admitScriptDigest: string = createHash("sha1").update(admitScript).digest("hex");

const denialLetters: Readonly<Record<Denies, string>> = { alone: "a", together: "t", never: "n" };

/** One increment in ARGV. */
export function admitArguments(
  keyPlace: number,
  admission: Admission,
): readonly (string | number)[] {
  const { hits, limit, ttlSeconds, denies } = admission;
  return [keyPlace, hits, limit, ttlSeconds, denialLetters[denies]];
}
