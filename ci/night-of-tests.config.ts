/** The night that the tests leave the report of: one real kernel beside the reference emulator, a scenario of each kind. */
import { defineConfig } from "../harness/nightly/define-config.ts";

export default defineConfig({
  benches: ["emulated", "model"],
  scenarios: {
    names: [
      "attach-detach",
      "access-unmapped",
      "detach-blocks-dma",
      "fault-delivery",
      "hot-reset-keeps-mappings",
      "replace-populated-ioas",
      "shared-both-dma",
      "type1-shared-container",
      "unmap-stops-dma",
    ],
  },
  out: "../zhil-artefacts/night-of-tests/nights",
});
