/** A state of the model, drawn. */
import type { PageDetail } from "../src/report/page-data.ts";
import { layOut, lineHeight, padding, type PlacedEdge, type PlacedNode } from "../src/report/lay-out.ts";
import type { Picture } from "../src/report/picture-shape.ts";
import { el, svg } from "./dom.ts";

/** A picture of a detail; null where it has none of that index. */
export function pictureAt({ pictures, nodes, edges }: PageDetail, index: number): Picture | null {
  const picture = pictures[index];
  return picture === undefined
    ? null
    : {
        nodes: picture.nodes.flatMap((each) => nodes[each] ?? []),
        edges: picture.edges.flatMap((each) => edges[each] ?? []),
      };
}

/** A picture with its caption; boxes that are not the same in the other one stand out. */
export function drawPicture(caption: string, picture: Picture, other: Picture | null): HTMLElement {
  const { width, height, nodes, edges } = layOut(picture);
  const known = new Set(other?.nodes.map((node) => JSON.stringify(node)));
  const changed = (node: PlacedNode): boolean => other !== null && !known.has(JSON.stringify(node.node));
  const drawing = svg(
    "svg",
    {
      viewBox: `0 0 ${String(width)} ${String(height)}`,
      width,
      height,
      role: "img",
      "aria-label": describe(caption, picture),
    },
    ...edges.map(drawEdge),
    ...nodes.map((node) => drawNode(node, changed(node))),
  );
  return el(
    "figure",
    { class: "picture" },
    el("figcaption", {}, caption),
    el("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": caption }, drawing),
  );
}

function drawNode({ node, x, y, width, height, lines }: PlacedNode, changed: boolean): SVGElement {
  const classes = ["node", node.kind, changed ? "changed" : "", node.warning === undefined ? "" : "warned"];
  const text = (content: string, line: number, style: string): SVGElement =>
    svg("text", { x: x + padding, y: y + padding + (line + 0.75) * lineHeight, class: style }, content);
  return svg(
    "g",
    { class: classes.filter(Boolean).join(" ") },
    svg("rect", { x, y, width, height, rx: 5 }),
    text(node.title, 0, "title"),
    ...lines.map((line, index) =>
      text(line, index + 1, index === 0 && node.warning !== undefined ? "warning" : "line"),
    ),
  );
}

function drawEdge({ from, to, at, label }: PlacedEdge): SVGElement {
  const middle = (from.y + to.y) / 2;
  const path = `M${String(from.x)} ${String(from.y)}C${String(from.x)} ${String(middle)} ${String(to.x)} ${String(middle)} ${String(to.x)} ${String(to.y)}`;
  return svg("g", { class: "edge" }, svg("path", { d: path }), label === "" ? null : svg("text", { ...at }, label));
}

/** The same for who does not see it. */
function describe(caption: string, { nodes, edges }: Picture): string {
  const titleOf = (id: string): string => nodes.find((node) => node.id === id)?.title ?? id;
  return [
    caption,
    ...nodes.map(({ title, warning, lines }) =>
      [title, ...(warning === undefined ? [] : [warning]), ...lines].join(", "),
    ),
    ...edges.map(({ from, to, label }) => `${titleOf(from)} ${label === "" ? "to" : `${label} to`} ${titleOf(to)}`),
  ].join("; ");
}
