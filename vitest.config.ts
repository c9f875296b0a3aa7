import { defineConfig } from "vitest/config";
import { ClosingLine } from "./ci/closing-line.ts";

/** `ci/test --full` adds the tests that take minutes: whole suites, mutants, a build from an empty cache. */
const full = process.env["ZHIL_FULL"] === "1";

const realKernel = ["**/*.qemu.test.ts", ...(full ? ["**/*.full.test.ts"] : [])];
const ignored = ["**/node_modules/**", "dist/**", "zhil-runs/**", "zhil-nights/**", "zhil-artefacts/**"];

export default defineConfig({
  test: {
    reporters: ["default", new ClosingLine()],
    projects: [
      {
        test: {
          name: "unit",
          include: ["**/*.test.ts"],
          exclude: [
            ...ignored,
            "**/*.fake.test.ts",
            "**/*.browser.test.ts",
            "**/*.qemu.test.ts",
            "**/*.full.test.ts",
          ],
          sequence: { groupOrder: 0 },
          // Five seconds, vitest's own limit, pass where others use the machine as well.
          testTimeout: 30_000,
        },
      },
      {
        test: {
          // What befalls whole programs, with fake ones in QEMU's place: killed, stopped, silent.
          name: "fake",
          include: ["**/*.fake.test.ts"],
          exclude: ignored,
          sequence: { groupOrder: 1 },
          testTimeout: 30_000,
        },
      },
      {
        test: {
          // Reports in a real browser, which the first of them fetches.
          name: "browser",
          include: ["**/*.browser.test.ts"],
          exclude: ignored,
          sequence: { groupOrder: 3 },
          maxWorkers: 1,
          testTimeout: 120_000,
          hookTimeout: 900_000,
        },
      },
      {
        test: {
          name: "qemu",
          include: realKernel,
          exclude: ignored,
          // Emulated machines want a core each: these come after the others, and one file at a time.
          sequence: { groupOrder: 2 },
          maxWorkers: 1,
          testTimeout: full ? 3_600_000 : 120_000,
          hookTimeout: full ? 3_600_000 : 120_000,
        },
      },
    ],
  },
});
