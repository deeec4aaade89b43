export type TokenType =
  | "stream-end"
  | "version-directive"
  | "tag-directive"
  | "document-start"
  | "document-end"
  | "block-sequence-start"
  | "block-mapping-start"
  | "block-end"
  | "flow-sequence-start"
  | "flow-sequence-end"
  | "flow-mapping-start"
  | "flow-mapping-end"
  | "block-entry"
  | "flow-entry"
  | "key"
  | "value"
  | "alias"
  | "anchor"
  | "tag"
  | "plain"
  | "quoted";

/** The least part of a YAML text that means something by itself. Lines and columns count from 0. */
export interface Token {
  readonly type: TokenType;
  readonly line: number;
  readonly column: number;
  /** The text of a scalar, the name of an anchor or alias, the handle of a tag, the version of a directive. */
  readonly text: string;
  /** The suffix of a tag, or the prefix of a tag directive. */
  readonly suffix: string;
}
