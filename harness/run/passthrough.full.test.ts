/** Scenarios in a guest on a host, by each way to pass functions through: nothing that neither contract nor ledger predicts. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { runPassedThrough } from "../testing/run-passed-through.ts";

const names =
  `attach-detach attach-populated-ioas-first detach-blocks-dma detach-dma-attach-recovers replace-populated-ioas
  replace-remap-then-dma replace-same-keeps-dma replace-back-and-forth hwpt-manual-round-trip hwpt-populated-attach
  iova-ranges-attached map-last-page map-page-counts map-beyond-aperture reset-bus-keeps-mappings
  reset-bus-stops-controller reset-flr-keeps-mappings reset-then-replace hot-reset-keeps-mappings shared-both-dma
  shared-one-detached shared-second-joins-populated unmap-stops-dma unmap-several-areas unplug-unused unplug-held
  type1-life type1-map-dma type1-reset-bus type1-shared-container type1-second-joins-populated type1-unmap-semantics
  function-power-cycle access-write-only host-resets-flr host-resets-slot host-resets-unused host-recover-under-guest
  host-unbind-under-guest host-unplug-under-guest host-takes-deconfigured host-loses-function guest-killed-nvme
  guest-killed-virtio guest-reset-nvme guest-reset-virtio guest-reset-driven guest-reset-type1
  guest-reboot-nvme guest-reboot-standby guest-reboots-itself host-removes-held`.split(/\s+/u);
/** Those that want the host's entries to run short, which only a container has. */
const short = ["entries-run-short", "entries-after-detach", "entries-freed-by-flush", "type1-entries-run-short"];

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "zp-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it.each([
  ["iommufd", names],
  ["container", [...names, ...short]],
] as const)("with %s, guest and host show what was predicted", async (backend, chosen) => {
  const records = await runPassedThrough(backend, chosen, folder);
  expect(records).toHaveLength(chosen.length);
  const surprising = records.filter(({ verdict }) => verdict !== "pass" && verdict !== "known");
  expect(surprising.map(({ scenario, verdict, reason }) => [scenario, verdict, reason])).toEqual([]);
  const shown = new Set(records.flatMap(({ known }) => known));
  expect([...shown]).toEqual(expect.arrayContaining(["shadow-by-rpcit", "error-stops-guest", "reset-stops-at-zpci"]));
  if (backend === "container") expect(shown).toContain("entries-lost-with-table");
});
