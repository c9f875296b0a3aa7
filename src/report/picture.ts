/** The model's state as a small graph: functions, the tables they go through, and what stands behind those. */
import { registeredOf, type Area, type HostState, type ModelFunction, type Translation } from "../model/state.ts";
import { pageSize, toHex } from "../zpci/iova.ts";
import type { Picture, PictureEdge, PictureNode } from "./picture-shape.ts";
import { describeMock } from "./picture-of-mocks.ts";

/** Lines of a table or of an IOAS that are spelled out. */
const listed = 4;

/**
 * Draws a state; without what nothing leads to.
 * @param deviates whether the host goes as it is known to: what a hypervisor knows of tables is drawn, too, for by the contract it knows all,
 * and what the kernel does not think of reserving is not
 */
export function describeState(state: HostState, deviates = false): Picture {
  const functions = Object.values(state.functions).filter((fn) => fn.plugged);
  const nodes: PictureNode[] = functions.map((fn) => describeFunction(fn, deviates));
  const edges: PictureEdge[] = functions.flatMap((fn) => edgesOf(fn, state));
  for (const [name, object] of Object.entries(state.objects)) {
    if (object === null) continue;
    if (object.kind === "hwpt") {
      const title = object.auto ? "automatic HWPT" : `HWPT ${name}`;
      nodes.push({ id: `object:${name}`, layer: 2, kind: "hwpt", title, lines: [] });
      edges.push({ from: object.domain, to: `object:${name}`, label: "" });
      edges.push({ from: `object:${name}`, to: `object:${object.ioas}`, label: "" });
    } else {
      const lines = [
        ...describeAreas(object.areas),
        ...describeReserved(object.reserved.filter(({ overlooked }) => !(deviates && overlooked === true)).length),
      ];
      nodes.push({ id: `object:${name}`, layer: 3, kind: "ioas", title: `IOAS ${name}`, lines });
    }
  }
  for (const [name, container] of Object.entries(state.containers)) {
    const id = `container:${name}`;
    const lines = [container.iommuSet ? "type1" : "no IOMMU set", ...describeAreas(container.areas)];
    nodes.push({ id, layer: 3, kind: "container", title: `container ${name}`, lines });
    if (container.domain !== null) edges.push({ from: container.domain, to: id, label: "" });
  }
  for (const [name, object] of Object.entries(state.others)) {
    if (object === null) continue;
    const { node, edges: more } = describeMock(name, object);
    nodes.push(node);
    edges.push(...more);
  }
  const used = new Set(edges.flatMap(({ from, to }) => [from, to]));
  for (const [id, domain] of Object.entries(state.domains)) {
    if (!used.has(id)) continue;
    const { counters } = domain;
    const rpcits = [counters.globalRpcits, counters.syncMapRpcits, counters.syncRpcits].map(spell).join("/");
    const lines = [...describeTable(domain.table), `RPCITs ${rpcits}`];
    nodes.push({ id, layer: 1, kind: "domain", title: id.replace(":", " "), lines });
  }
  const there = new Set(nodes.map(({ id }) => id));
  return { nodes, edges: edges.filter(({ from, to }) => there.has(from) && there.has(to)) };
}

function describeFunction(fn: ModelFunction, deviates: boolean): PictureNode {
  const { name, device } = fn.profile;
  const lines = [fn.driver === null ? "no driver" : fn.driver];
  if (fn.open !== "no") lines.push(`open as ${fn.open}${fn.iommufd === null ? "" : `, iommufd ${fn.iommufd}`}`);
  if (fn.controller !== "off") lines.push(`controller ${fn.controller}`);
  lines.push(describeDma(fn));
  if (deviates && fn.domain !== null) lines.push(...describeTable(fn.shadow).map((line) => `QEMU knows ${line}`));
  if (deviates && fn.kept.size > 0) lines.push(...describeTable(fn.kept).map((line) => `QEMU kept ${line}`));
  const warning = warningOf(fn);
  return {
    ...{ id: `function:${name}`, layer: 0, kind: "function", title: `${name}: ${device}`, lines },
    ...(warning === null ? {} : { warning }),
  };
}

function warningOf(fn: ModelFunction): string | null {
  if (!fn.configured) return "powered off";
  if (fn.removed) return "not in the PCI core";
  if (fn.inError) return "in the error state";
  if (fn.disabled) return "disabled";
  if (fn.givenUp) return "given up by the kernel";
  return fn.unplugged === "no" ? null : "unplugged";
}

function describeDma(fn: ModelFunction): string {
  if (fn.left !== null) return "IOAT left registered";
  if (fn.domain !== null) return fn.unregistered ? "IOAT not registered" : "IOAT registered";
  return fn.onDefault ? "DMA: the kernel's own domain" : "DMA blocked";
}

function edgesOf(fn: ModelFunction, state: HostState): PictureEdge[] {
  const from = `function:${fn.profile.name}`;
  const registered = registeredOf(fn);
  const edges: PictureEdge[] = [];
  if (registered !== null && registered in state.domains) edges.push({ from, to: registered, label: "IOAT" });
  if (fn.domain !== null && fn.domain !== registered) edges.push({ from, to: fn.domain, label: "attached only" });
  const { container } = fn.group;
  if (container !== null && fn.domain === null) edges.push({ from, to: `container:${container}`, label: "group" });
  return edges;
}

const spell = ({ low, high }: { readonly low: number; readonly high: number }): string =>
  low === high ? String(low) : `${String(low)}–${String(high)}`;

const rights = ({ read, write }: { readonly read: boolean; readonly write: boolean }): string =>
  `${read ? "r" : ""}${write ? "w" : ""}`;

const shortened = (lines: readonly string[], what: string): string[] =>
  lines.length <= listed
    ? [...lines]
    : [...lines.slice(0, listed), `and ${String(lines.length - listed)} more ${what}`];

/** The runs of a table: pages of a buffer that follow each other. */
function describeTable(table: ReadonlyMap<bigint, Translation>): string[] {
  if (table.size === 0) return ["no page mapped"];
  const runs: { iova: bigint; pages: bigint; first: string; last: string; rights: string }[] = [];
  for (const [iova, entry] of [...table].sort(([one], [other]) => (one < other ? -1 : 1))) {
    const run = runs.at(-1);
    const follows = run !== undefined && run.iova + run.pages * pageSize === iova && run.rights === rights(entry);
    if (follows && nextPage(run.last) === entry.page) {
      run.pages += 1n;
      run.last = entry.page;
    } else runs.push({ iova, pages: 1n, first: entry.page, last: entry.page, rights: rights(entry) });
  }
  const lines = runs.map(({ iova, pages, first, last, rights: allowed }) => {
    const range = pages === 1n ? first : first.replace(/\]$/u, `…${last.slice(last.lastIndexOf("[") + 1)}`);
    return `${toHex(iova)} ${range} ${allowed}`;
  });
  return shortened(lines, "runs");
}

/** The page after one: `p[1]` after `p[0]`. */
const nextPage = (page: string): string =>
  page.replace(/\[(\d+)\]$/u, (_, index: string) => `[${String(Number(index) + 1)}]`);

const describeAreas = (areas: readonly Area[]): string[] =>
  areas.length === 0
    ? ["nothing mapped"]
    : shortened(
        areas.map((area) => `${toHex(area.iova)}+${toHex(area.length)} ${area.buffer} ${rights(area)}`),
        "areas",
      );

const describeReserved = (count: number): string[] =>
  count === 0 ? [] : [`${String(count)} range${count === 1 ? "" : "s"} reserved`];
