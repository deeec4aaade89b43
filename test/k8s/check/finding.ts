/** Something that is not as it has to be. */
export interface Finding {
  /** Of which object: `Deployment/velocitygate`. */
  readonly object: string;
  readonly problem: string;
}
