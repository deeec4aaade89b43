/** The compiled rules of one domain. */
export interface DomainRules {
  readonly name: string;
}
