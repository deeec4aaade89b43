/** Turns one JSON line of the logger into `time="…" level=warning msg="…" key=value`, the reference's text format. */
export function toTextLine(jsonLine: string): string {
  const {
    "@timestamp": time,
    level,
    "@message": message,
    ...fields
  } = JSON.parse(jsonLine) as Record<string, unknown>;
  let line = `time=${textValue(time)} level=${textValue(level)} msg=${textValue(message)}`;
  for (const [name, value] of Object.entries(fields)) line += ` ${name}=${textValue(value)}`;
  return `${line}\n`;
}

/** Bare when it consists of harmless characters only, else quoted as in JSON: a value never breaks out of its line. */
function textValue(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return /^[\w./@^+-]+$/.test(text) ? text : JSON.stringify(text);
}
