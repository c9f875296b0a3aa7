/** A shell in a real kernel: before the DMA that differs, with the agent at hand. */
import { expect, it } from "vitest";
import { callCli } from "../testing/call-cli.ts";
import { realServices } from "../cli/services.ts";

it("performs what is typed in a clone at the step before the difference", { timeout: 120_000 }, async () => {
  const typed = [
    "ioas-unmap: { ioas: B, iova: base+0x10000, length: 0x1000 }",
    "ioas-map: { ioas: B, iova: base+0x10000, buffer: q }",
  ];
  const { stdout, stderr, code } = await callCli(["shell", "replace-populated-ioas@witness"], {
    workingFolder: process.cwd(),
    typed: ["next", ...typed, "next", "show", "console 3", ""].join("\n"),
    services: { readLedger: realServices.readLedger },
  });
  expect(code, stderr).toBe(0);
  expect(stdout).toContain("replace-populated-ioas@witness, before step 13, replace function=a to=B");
  expect(stdout).toMatch(/\* 13 {2}replace function=a to=B {2}OK {2}KNOWN \(shadow-by-rpcit\)/u);
  // Mapped again, the page is in the function's reach, as the ledger's entry says, and DMA lands.
  expect(stdout).toMatch(/ioas-map ioas=B iova=0x100010000 buffer=q {2}OK/u);
  expect(stdout).toMatch(/dma-write function=a iova=0x100010000 block=2 {2}OK/u);
  expect(stdout).toMatch(/memory\.q\[0\]\s+expected "block:a:2"\s+observed "block:a:2"/u);
  expect(stdout).toMatch(/ {2}\| .*vfio-pci/u);
});
