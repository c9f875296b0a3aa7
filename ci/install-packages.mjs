// Installs the npm packages of package-lock.json where they are not the ones that are there. Only what Node brings.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";

/** Where each package of a lock file stands; npm writes one of what it installed. */
const packagesOf = (path) => (existsSync(path) ? JSON.parse(readFileSync(path, "utf8")).packages : {});

const installed = packagesOf("node_modules/.package-lock.json");
// Optional ones are there on the platform that they are for.
const missing = Object.entries(packagesOf("package-lock.json")).filter(
  ([folder, { version, optional }]) =>
    folder !== "" && optional !== true && (installed[folder]?.version !== version || !existsSync(folder)),
);
if (missing.length > 0) {
  process.stderr.write("setup: Installing npm packages from package-lock.json\n");
  const { status } = spawnSync("npm", ["ci", "--include=dev", "--no-audit", "--no-fund"], {
    stdio: ["ignore", 2, 2],
  });
  if (status !== 0) {
    process.stderr.write("setup: Cannot install the npm packages: is the registry reachable?\n");
    process.exit(2);
  }
}
