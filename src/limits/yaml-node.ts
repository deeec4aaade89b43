/** A YAML document as go-yaml (yaml.v2) sees it, which the reference reads its rules with: the text of scalars, not their values. */
export type YamlNode = YamlScalar | YamlMapping | YamlSequence | YamlAlias;

interface Placed {
  /** Where the node begins: an offset into the text of its file, in UTF-16 units. */
  readonly offset: number;
  /** The tag as written, in its long form (`tag:yaml.org,2002:str`); empty when there is none. */
  readonly tag: string;
}

export interface YamlScalar extends Placed {
  readonly kind: "scalar";
  /** Escapes and line folding undone. */
  readonly text: string;
  /** Neither quoted nor a block: `yes`, `5` and `~` have a meaning beyond their text. */
  readonly isPlain: boolean;
}

export interface YamlMapping extends Placed {
  readonly kind: "mapping";
  readonly pairs: readonly YamlPair[];
}

export interface YamlPair {
  readonly key: YamlNode;
  readonly value: YamlNode;
}

export interface YamlSequence extends Placed {
  readonly kind: "sequence";
  readonly items: readonly YamlNode[];
}

export interface YamlAlias extends Placed {
  readonly kind: "alias";
  readonly name: string;
  /** The anchored node; it may contain this alias. */
  readonly target: YamlNode;
}

/** What makes a file unreadable as YAML. Ends the reading of that file. */
export class YamlFailure extends Error {
  /** An offset into the text of the file. */
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.name = "YamlFailure";
    this.offset = offset;
  }
}
