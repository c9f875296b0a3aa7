/** The nights of this project: every kernel and QEMU that it is promised to judge. */
import { defineConfig } from "./harness/nightly/define-config.ts";

export default defineConfig({
  kernels: ["lean", "lean/6.12", "lean/6.1", "debian/7", "debian/6.12", "debian/7.3", "lean/7.3"],
  qemus: ["newest", "debian/10.0", "debian/7.2"],
  devices: ["written", "virtio-blk", "igb", "e1000e"],
});
