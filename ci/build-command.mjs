// Builds the command: what tsc left in a folder (dist where none is named) becomes a few files in its folder bin. A command of two hundred
// modules takes a tenth of a second longer to start than one of three.
import { rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "rolldown";

const folder = process.argv[2] ?? "dist";
const output = join(folder, "bin");
await rm(output, { recursive: true, force: true });
await build({
  // What is found by its path, beside what looks for it, has a file of its own.
  input: {
    zhil: join(folder, "harness/cli/main.js"),
    "check-thread": join(folder, "harness/check/check-thread.js"),
    "define-config": join(folder, "harness/nightly/define-config.js"),
  },
  platform: "node",
  logLevel: "warn",
  // They look for files of their own beside them; none is needed before something is run.
  external: ["bullmq", "ioredis", "jiti", "node-sqlite3-wasm", "ssh2", "vitest"],
  output: { dir: output, format: "es", chunkFileNames: "[name]-[hash].js" },
});

// The help of all commands loads none of them.
const { outlineCommands } = await import(pathToFileURL(resolve(folder, "harness/cli/commands/commands.js")).href);
await writeFile(join(output, "outlines.json"), JSON.stringify(await outlineCommands()));
