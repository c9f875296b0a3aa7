/** A night that a continuous integration has time for: two kernels, two QEMUs, what decides most. */
import { defineConfig } from "../harness/nightly/define-config.ts";

export default defineConfig({
  kernels: ["lean", "lean/6.12"],
  qemus: ["newest", "debian/10.0"],
  scenarios: { without: ["device-end", "race"] },
  out: "../zhil-nights/small",
});
