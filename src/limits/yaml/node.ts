/** A place in a file, both counted from 1. Columns are UTF-16 units. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/**
 * A YAML document as yaml.v2 sees it, the YAML library that the reference reads its rules with: the text of scalars, not yet their
 * values. Each node stands at its first character, its tag and anchor included.
 */
export type YamlNode = YamlScalar | YamlMapping | YamlSequence | YamlAlias;

export interface YamlScalar extends Place {
  readonly kind: "scalar";
  /** In its long form (`tag:yaml.org,2002:str`); empty when none is written. Collections have none: yaml.v2 passes it over. */
  readonly tag: string;
  /** Escapes and line folding undone. */
  readonly text: string;
  /** Neither quoted nor a block nor tagged: `yes`, `5` and `~` mean more than their text. */
  readonly isImplicit: boolean;
}

export interface YamlMapping extends Place {
  readonly kind: "mapping";
  readonly pairs: readonly YamlPair[];
}

export interface YamlPair {
  readonly key: YamlNode;
  readonly value: YamlNode;
}

export interface YamlSequence extends Place {
  readonly kind: "sequence";
  readonly items: readonly YamlNode[];
}

export interface YamlAlias extends Place {
  readonly kind: "alias";
  readonly name: string;
  /** The anchored node; this alias may stand in it. */
  readonly target: YamlNode;
}

/** What makes a file unreadable as YAML, in yaml.v2's words. Ends the reading of that file. */
export class YamlFailure extends Error {
  readonly place: Place;

  constructor(message: string, { line, column }: Place) {
    super(`yaml: ${message}`);
    this.name = "YamlFailure";
    this.place = { line, column };
  }
}
