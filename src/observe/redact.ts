/**
 * Takes the credentials out of a URL, or out of a text that contains URLs: everything between `://` and the last `@` becomes
 * `*****`, so that a password may itself contain `@`, quotes or spaces. A list of URLs keeps its hosts. Query parameters that
 * Redis clients read a password from are masked as well. A text without a scheme (`master@1,host:26379`) stays as it is.
 *
 * Where a text is ambiguous it takes out too much rather than too little.
 */
export function redactUrl(text: string): string {
  if (!text.includes("://")) return text;
  return text.replace(userInfo, "$1*****@").replace(secretParameter, "$1*****");
}

// Up to the last `@` before the next URL of a comma list. The scheme's length is bounded, so that a long text costs linear time.
const userInfo = /\b([a-z][a-z\d+.-]{0,15}:\/\/)(?:(?!,\s*[a-z][a-z\d+.-]{0,15}:\/\/)[^\n])*@/gi;
const secretParameter = /([?&](?:password|passwd|auth|token|secret)=)[^&\s]*/gi;
