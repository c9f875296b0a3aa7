/** Where the boxes of a picture go: rows from functions down to IOASes, each as wide as its text. */
import type { Picture, PictureNode } from "./picture-shape.ts";

/** A box with its place. */
export interface PlacedNode {
  readonly node: PictureNode;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** Its lines as far as they fit. */
  readonly lines: readonly string[];
}

/** A line with its ends. */
export interface PlacedEdge {
  readonly label: string;
  /** Where its label begins. */
  readonly at: Point;
  readonly from: Point;
  readonly to: Point;
}

interface Point {
  readonly x: number;
  readonly y: number;
}

/** A picture with every place settled, in units of its view box. */
export interface LaidOut {
  readonly width: number;
  readonly height: number;
  readonly nodes: readonly PlacedNode[];
  readonly edges: readonly PlacedEdge[];
}

/** Width of a character of any monospaced font at 11 units, and a little more. */
const characterWidth = 7.1;
/** Height of a line. */
export const lineHeight = 15;
/** What is left free inside a box on each side. */
export const padding = 8;
const longestLine = 44;
/** From the middle of a line to its label. */
const labelGap = 5;
const [columnGap, rowGap, margin] = [16, 34, 4];

const shorten = (line: string): string => (line.length <= longestLine ? line : `${line.slice(0, longestLine - 1)}…`);

/** Lays a picture out. */
export function layOut({ nodes, edges }: Picture): LaidOut {
  const rows = [0, 1, 2, 3]
    .map((layer) => nodes.filter((node) => node.layer === layer).map(measure))
    .filter((row) => row.length > 0);
  const widthOf = (row: readonly Measured[]): number =>
    row.reduce((sum, box) => sum + box.width, (row.length - 1) * columnGap);
  const width = Math.max(0, ...rows.map(widthOf)) + 2 * margin;
  const placed: PlacedNode[] = [];
  let y = margin;
  for (const row of rows) {
    let x = (width - widthOf(row)) / 2;
    for (const box of row) {
      placed.push({ ...box, x, y });
      x += box.width + columnGap;
    }
    y += Math.max(...row.map((box) => box.height)) + rowGap;
  }
  const byId = new Map(placed.map((box) => [box.node.id, box]));
  const connected = edges.flatMap(({ from, to, label }) => {
    const [one, other] = [byId.get(from), byId.get(to)];
    return one === undefined || other === undefined ? [] : [connect(one, other, label)];
  });
  return {
    width: Math.max(width, ...connected.map(({ at, label }) => Math.ceil(at.x + label.length * characterWidth))),
    height: Math.max(y - rowGap, 0) + margin,
    nodes: placed,
    edges: connected,
  };
}

type Measured = Omit<PlacedNode, "x" | "y">;

function measure(node: PictureNode): Measured {
  const lines = [...(node.warning === undefined ? [] : [node.warning]), ...node.lines].map(shorten);
  const longest = Math.max(shorten(node.title).length, ...lines.map((line) => line.length));
  return {
    node,
    lines,
    width: Math.ceil(longest * characterWidth) + 2 * padding,
    height: (lines.length + 1) * lineHeight + 2 * padding,
  };
}

/** From the lower edge of the upper box to the upper edge of the lower one; between boxes of a row from side to side. */
function connect(one: PlacedNode, other: PlacedNode, label: string): PlacedEdge {
  const { from, to } = findEnds(one, other);
  return { label, from, to, at: { x: (from.x + to.x) / 2 + labelGap, y: (from.y + to.y) / 2 + labelGap } };
}

function findEnds(one: PlacedNode, other: PlacedNode): Pick<PlacedEdge, "from" | "to"> {
  const [upper, lower] = one.y <= other.y ? [one, other] : [other, one];
  if (upper.y === lower.y) {
    const [left, right] = upper.x < lower.x ? [upper, lower] : [lower, upper];
    const y = left.y + padding + lineHeight / 2;
    return { from: { x: left.x + left.width, y }, to: { x: right.x, y } };
  }
  return {
    from: { x: upper.x + upper.width / 2, y: upper.y + upper.height },
    to: { x: lower.x + lower.width / 2, y: lower.y },
  };
}
