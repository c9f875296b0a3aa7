import { expect, it } from "vitest";
import { operationFields, type Operation } from "../../src/operation/operation.ts";
import { ObjectNames } from "./object-names.ts";

const bind = (name: string, iommufd = "main"): Operation => ({ op: "bind-iommufd", function: name, iommufd });
const alloc = (ioas: string, iommufd = "main"): Operation => ({ op: "ioas-alloc", ioas, iommufd });
const attach = (name: string): Operation => ({ op: "attach", function: name, to: "A" });
const detach = (name: string): Operation => ({ op: "detach", function: name });

/** Two functions bound to one iommufd, with IOAS A. */
function makeTable(): ObjectNames {
  const table = new ObjectNames();
  table.learn(bind("a"), { id: 1 });
  table.learn(bind("b"), { id: 2 });
  table.learn(alloc("A"), { id: 3 });
  return table;
}

it("names HWPTs made by attaches in the order they appear, shared ones alike", () => {
  const table = makeTable();
  table.learn(attach("a"), { pt: 4 });
  table.learn(attach("b"), { pt: 4 });
  expect([table.heldBy("a"), table.heldBy("b")]).toEqual(["auto:1", "auto:1"]);
  table.learn(attach("b"), { pt: 5 });
  expect([table.heldBy("a"), table.heldBy("b")]).toEqual(["auto:1", "auto:2"]);
});

it("gives a new HWPT a new name even where the kernel uses the number again", () => {
  const table = makeTable();
  table.learn(attach("a"), { pt: 4 });
  table.learn(detach("a"), {});
  expect(table.heldBy("a")).toBeNull();
  table.learn(attach("a"), { pt: 4 });
  expect(table.heldBy("a")).toBe("auto:2");
});

it("forgets a HWPT that a replace left behind", () => {
  const table = makeTable();
  table.learn(attach("a"), { pt: 4 });
  table.learn(attach("a"), { pt: 5 });
  table.learn(attach("a"), { pt: 4 });
  expect(table.heldBy("a")).toBe("auto:3");
});

it("keeps the name of a HWPT that another function still holds", () => {
  const table = makeTable();
  table.learn(attach("a"), { pt: 4 });
  table.learn(attach("b"), { pt: 4 });
  table.learn(detach("a"), {});
  table.learn(attach("a"), { pt: 4 });
  expect(table.heldBy("a")).toBe("auto:1");
});

it("calls a HWPT of the scenario by its name, before and after attaches to it", () => {
  const table = makeTable();
  table.learn({ op: "hwpt-alloc", hwpt: "H", function: "a", ioas: "A", flags: [] }, { id: 9 });
  table.learn(attach("a"), { pt: 9 });
  table.learn(detach("a"), {});
  table.learn(attach("a"), { pt: 9 });
  expect(table.heldBy("a")).toBe("H");
  table.learn(detach("a"), {});
  table.learn({ op: "destroy", object: "H" }, {});
  table.learn(attach("a"), { pt: 9 });
  expect(table.heldBy("a")).toBe("auto:1");
});

it("keeps numbers of different iommufds apart", () => {
  const table = makeTable();
  table.learn(bind("c", "other"), { id: 3 });
  expect(table.nameFor("a", 3)).toBe("A");
  expect(table.nameFor("c", 3)).toBe("c");
  table.learn({ op: "iommufd-close", iommufd: "other" }, {});
  expect([table.nameFor("c", 3), table.nameFor("a", 3)]).toEqual([null, "A"]);
});

it("forgets a function that is closed", () => {
  const table = makeTable();
  table.learn(attach("a"), { pt: 4 });
  table.learn({ op: "close", function: "a" }, {});
  expect([table.heldBy("a"), table.nameFor("b", 1)]).toEqual([null, null]);
});

it("names mocks by their device's number, and the HWPT that their attachment made", () => {
  const table = makeTable();
  table.learn({ op: "fault-queue-alloc", queue: "Q", iommufd: "main", flags: 0, unwritable: false }, { id: 4 });
  const create = operationFields["mock-create"].parse({ mock: "m", to: "A" });
  table.learn({ op: "mock-create", ...create }, { id: 5, device: 6, pt: 7 });
  expect([table.nameFor("Q", 6), table.heldBy("m")]).toEqual(["m", "auto:1"]);
  table.learn({ op: "mock-replace", mock: "m", to: "B" }, { pt: 8 });
  expect(table.heldBy("m")).toBe("auto:2");
  table.learn({ op: "destroy", object: "m" }, {});
  expect([table.nameFor("Q", 6), table.heldBy("m")]).toEqual([null, null]);
});

it("keeps the name of what a function holds as itself when it is let go of as PASID 0", () => {
  const table = makeTable();
  const letGo: Operation = { op: "pasid-detach", function: "a", pasid: 0 };
  table.learn(attach("a"), { pt: 4 });
  table.learn(letGo, {});
  expect(table.heldBy("a")).toBe("auto:1");
  table.learn(detach("a"), {});
  table.learn({ op: "pasid-attach", function: "a", pasid: 0, to: "A" }, { pt: 4 });
  table.learn(letGo, {});
  expect(table.heldBy("a")).toBeNull();
});

it("has a function that is attached as a PASID go on with that when VFIO detaches nothing", () => {
  const table = makeTable();
  table.learn({ op: "pasid-attach", function: "a", pasid: 0, to: "A" }, { pt: 4 });
  table.learn(detach("a"), {});
  table.learn(attach("b"), { pt: 4 });
  expect([table.heldBy("a"), table.heldBy("b")]).toEqual(["auto:1", "auto:1"]);
});
