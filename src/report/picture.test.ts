import { describe, expect, it } from "vitest";
import { initialState } from "../model/initial-state.ts";
import { predict } from "../model/model.ts";
import { planOf } from "../testing/plan-of.ts";
import { layOut } from "./lay-out.ts";
import type { Picture } from "./picture-shape.ts";
import { describeState } from "./picture.ts";

const attached = planOf(`
  take-iommufd: { function: a }
  ioas-alloc: { ioas: A }
  ioas-map: { ioas: A, iova: base, buffer: p }
  attach: { function: a, to: A }
  group-open: { function: b }
    `);
const last = (steps: ReturnType<typeof predict>): Picture => describeState(steps.at(-1)!.state);

describe("the picture of a state", () => {
  it("has the functions alone at first", () => {
    const { nodes, edges } = describeState(initialState(attached));
    expect(nodes.map(({ title }) => title)).toEqual(["a: nvme", "b: nvme", "r: virtio-rng", "w: witness"]);
    expect(edges).toEqual([]);
  });

  it("leads from a function by its IOAT to a domain, by a HWPT to an IOAS", () => {
    const { nodes, edges } = last(predict(attached));
    const chain: string[] = ["function:a"];
    for (let next; (next = edges.find(({ from }) => from === chain.at(-1))) !== undefined;) chain.push(next.to);
    expect(chain.map((id) => nodes.find((node) => node.id === id)?.kind)).toEqual([
      "function",
      "domain",
      "hwpt",
      "ioas",
    ]);
    expect(edges[0]).toMatchObject({ from: "function:a", label: "IOAT" });
    const lines = nodes.find(({ kind }) => kind === "domain")?.lines ?? [];
    expect(lines[0]).toMatch(/^0x100000000 p\[0…3\] rw$/u);
    expect(nodes.find(({ kind }) => kind === "ioas")?.lines[0]).toMatch(/^0x100000000\+0x4000 p rw$/u);
  });

  it("has what a hypervisor knows only where that is asked for", () => {
    const { state } = predict(attached, new Set(["shadow-by-rpcit"])).at(-1)!;
    const knows = (shadow: boolean): boolean =>
      describeState(state, shadow).nodes.some(({ lines }) => lines.some((line) => line.startsWith("QEMU knows")));
    expect([knows(false), knows(true)]).toEqual([false, true]);
  });

  it("warns of what is not as it is in the normal life of a host", () => {
    const off = planOf("power: { function: a, on: false }");
    const [box] = last(predict(off)).nodes;
    expect(box?.warning).toBe("powered off");
  });
});

describe("its layout", () => {
  it("has functions above domains above HWPTs above IOASes, and no box on another", () => {
    const { nodes, width, height, edges } = layOut(last(predict(attached)));
    for (const [index, one] of nodes.entries()) {
      expect(one.x + one.width).toBeLessThanOrEqual(width);
      expect(one.y + one.height).toBeLessThanOrEqual(height);
      for (const other of nodes.slice(index + 1)) {
        const apart = one.x + one.width <= other.x || other.x + other.width <= one.x || one.y + one.height <= other.y;
        expect(apart).toBe(true);
      }
    }
    for (const { from, to } of edges) expect(from.y).toBeLessThan(to.y);
  });

  it("has room for the label of a line between boxes that are narrow", () => {
    const box = (id: string, layer: 0 | 1) => ({ id, layer, kind: "function", title: "t", lines: [] }) as const;
    const label = "attached only";
    const { width, edges } = layOut({ nodes: [box("a", 0), box("b", 1)], edges: [{ from: "a", to: "b", label }] });
    expect(width).toBeGreaterThan((edges[0]?.at.x ?? 0) + label.length * 7);
  });

  it("shortens a line that is long", () => {
    const node = { id: "x", layer: 0, kind: "function", title: "t", lines: ["y".repeat(500)] } as const;
    const laid = layOut({ nodes: [node], edges: [] });
    expect(laid.nodes[0]?.lines[0]).toHaveLength(44);
    expect(laid.width).toBeLessThan(350);
  });
});
