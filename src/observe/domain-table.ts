import { Exposition, metricName, renderLabels } from "./exposition.ts";
import { limitPrefix } from "./limit-families.ts";
import { sanitize } from "./stats-name.ts";

const overflow = "__overflow__";

/** How often domains without rules were asked for. Callers make up their names, so only so many are told apart. */
export class UnknownDomains {
  readonly #counts = new Map<string, number>();
  readonly #domainsMax: number;

  constructor(domainsMax: number) {
    this.#domainsMax = domainsMax;
  }

  add(domain: string): void {
    const count = this.#counts.get(domain);
    if (count !== undefined) this.#counts.set(domain, count + 1);
    else if (this.#counts.size < this.#domainsMax) this.#counts.set(domain, 1);
    else this.#counts.set(overflow, (this.#counts.get(overflow) ?? 0) + 1);
  }

  /** Counts by sanitised domain. */
  counts(): ReadonlyMap<string, number> {
    return sums([...this.#counts], sanitize);
  }

  /**
   * With a label, and as the reference names them, whose mapping does not know them.
   *
   * @param extraLabels of every sample
   */
  families(extraLabels: string): string {
    const help = "Descriptors of a domain that has no rules.";
    const counts = [...this.counts()];
    const families = new Exposition(extraLabels);
    families.family(`${limitPrefix}domain_not_found`, "counter", help);
    for (const [labels, count] of sums(counts, (domain) => renderLabels({ domain }))) {
      families.sample(count, labels);
    }
    const unmapped = sums(counts, (domain) => metricName(limitPrefix, domain, "_domain_not_found"));
    for (const [name, count] of unmapped) families.family(name, "counter", help).sample(count);
    return families.toString();
  }
}

function sums(
  counts: readonly (readonly [string, number])[],
  rename: (domain: string) => string,
): ReadonlyMap<string, number> {
  const renamed = new Map<string, number>();
  for (const [domain, count] of counts) {
    const name = rename(domain);
    renamed.set(name, (renamed.get(name) ?? 0) + count);
  }
  return renamed;
}
