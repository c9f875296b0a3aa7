/** The shape of a picture: boxes in rows, and lines between them. */

/** A box. */
export interface PictureNode {
  readonly id: string;
  /** Row from the top: functions, domains, HWPTs, IOASes and containers. */
  readonly layer: 0 | 1 | 2 | 3;
  /** What it is, such as `function`, `domain`. */
  readonly kind: string;
  readonly title: string;
  readonly lines: readonly string[];
  /** What is not as it should be in the normal life of a host, such as an error state. */
  readonly warning?: string;
}

/** A line from a box to one below it. */
export interface PictureEdge {
  readonly from: string;
  readonly to: string;
  readonly label: string;
}

/** A state. */
export interface Picture {
  readonly nodes: readonly PictureNode[];
  readonly edges: readonly PictureEdge[];
}
