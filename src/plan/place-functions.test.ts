import { expect, it } from "vitest";
import { planOf } from "../testing/plan-of.ts";
import { placeFunctions } from "./place-functions.ts";

const plan = planOf("bind: { function: a }");
const places = (addresses: Parameters<typeof placeFunctions>[1]): string[] =>
  placeFunctions(plan, addresses).functions.map(({ name, uid, fid }) => `${name} ${String(uid)} ${String(fid)}`);

it("leaves a plan as it is where nobody chose addresses", () => {
  expect(placeFunctions(plan, [])).toBe(plan);
});

it("gives functions the addresses of their kind, then those of any", () => {
  const addresses = [
    { device: "virtio-rng", uid: 9, fid: 90 },
    { device: "nvme", uid: 8, fid: 80 },
    { device: null, uid: 7, fid: 70 },
  ] as const;
  expect(places(addresses)).toEqual(["a 8 80", "b 7 70", "r 9 90", "w 4 35"]);
});

it("gives no address twice, and tells the profile", () => {
  const placed = placeFunctions(plan, [{ device: "nvme", uid: 2, fid: 0x21 }]);
  expect(new Set(placed.functions.map(({ uid }) => uid)).size).toBe(4);
  expect(new Set(placed.functions.map(({ fid }) => fid)).size).toBe(4);
  expect(placed.profile.functions).toEqual(placed.functions);
});
