// The steps of ci/setup. Only what Node brings: nothing is installed yet when this runs.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { accessSync, chmodSync, constants, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { readlinkSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";

const entry = "dist/bin/zhil.js";
const link = "node_modules/.bin/zhil";

run("node", ["ci/install-packages.mjs"], { quiet: true });
const complete = installDebianPackages();
build();
linkCommand();
if (!complete)
  stop("The project is built, but kernel and agent cannot be: see above. `npx zhil run --bench model` works.");
run("node", ["dist/harness/assets/setup.js", ...process.argv.slice(2)], { quiet: true });

/** Whether all that is needed is there in the end. */
function installDebianPackages() {
  // Who brings kernel and agent builds nothing.
  if (process.env.ZHIL_KERNEL && process.env.ZHIL_AGENT) return true;
  let missing = findMissing();
  if (missing.length === 0) return true;
  const line = `apt-get install --no-install-recommends ${missing.join(" ")}`;
  if (!hasProgram("apt-get")) {
    say(`These are missing: ${missing.join(" ")} (names of Debian's packages; this machine has no apt)`);
    say("Install what provides them here, or give ZHIL_KERNEL=, ZHIL_AGENT= and ZHIL_QEMU=");
    return false;
  }
  const root = process.getuid() === 0;
  if (!root && (!hasProgram("sudo") || spawnSync("sudo", ["-n", "true"], { stdio: "ignore" }).status !== 0)) {
    say(`These packages are missing and root is needed to install them. Run: sudo ${line}`);
    return false;
  }
  say(`Installing Debian packages: ${missing.join(" ")}`);
  const [command, ...before] = root ? ["apt-get"] : ["sudo", "-n", "DEBIAN_FRONTEND=noninteractive", "apt-get"];
  const options = ["-qq", "-y", "-o", "DPkg::Lock::Timeout=300", "-o", "Dpkg::Use-Pty=0"];
  // A private apt configuration of the caller's has no business here.
  const environment = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  delete environment.APT_CONFIG;
  // Lists may be old or not there at all; a source that is out of order is no reason to stop.
  spawnSync(command, [...before, "update", ...options], { stdio: ["ignore", "ignore", 2], env: environment });
  // A package's life takes five lines of apt's: they are shown only where something went wrong.
  const install = [...before, "install", ...options, "--no-install-recommends", ...missing];
  const { status, stdout, stderr } = spawnSync(command, install, {
    encoding: "utf8",
    env: environment,
    maxBuffer: 1 << 26,
  });
  if (status !== 0) {
    process.stderr.write(`${stdout}\n${stderr}`.split("\n").slice(-30).join("\n"));
    stop(`Cannot install Debian packages: is the archive reachable? By hand: ${line}`);
  }
  missing = findMissing();
  if (missing.length > 0) stop(`Still missing after installing: ${missing.join(" ")}`);
  return true;
}

function findMissing() {
  // On s390x itself there is nothing to cross.
  const needs = JSON.parse(readFileSync("ci/needs.json", "utf8")).filter(
    (need) => process.arch !== "s390x" || need.cross !== true,
  );
  const missing = needs.filter(({ program, library, compiler }) =>
    program === undefined ? !hasLibrary(compiler, library) : !hasProgram(program),
  );
  return [...new Set(missing.map((need) => need.package))];
}

function hasProgram(name) {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** A compiler prints the path of a file it finds, else the bare name. */
function hasLibrary(compiler, name) {
  const { stdout } = spawnSync(compiler, [`-print-file-name=${name}`], { encoding: "utf8" });
  return stdout?.trim().includes("/") === true;
}

function build() {
  const stamp = "dist/.zhil-sources";
  const files = [
    "package.json",
    "tsconfig.json",
    "tsconfig.build.json",
    ...listFiles("src"),
    ...listFiles("harness"),
    ...listFiles("page"),
    "ci/build-command.mjs",
    "ci/build-page.mjs",
  ];
  const wanted = digest(files.map((file) => `${file} ${statSync(file).mtimeMs} ${statSync(file).size}\n`));
  if (read(stamp) === wanted && existsSync(entry)) return;
  say("Building the project");
  // What tsc remembers is worth nothing without what it wrote.
  if (!existsSync(entry)) rmSync("dist", { recursive: true, force: true });
  run("npm", ["run", "--silent", "build"], { failure: "Cannot build the project: see tsc's errors above" });
  mkdirSync("dist", { recursive: true });
  writeFileSync(stamp, wanted);
}

/** npm links commands of packages it installs; this is the project itself. */
function linkCommand() {
  const target = `../../${entry}`;
  chmodSync(entry, 0o755);
  let current = null;
  try {
    current = readlinkSync(link);
  } catch {
    // Not there yet.
  }
  if (current === target) return;
  mkdirSync("node_modules/.bin", { recursive: true });
  rmSync(link, { force: true });
  symlinkSync(target, link);
}

function listFiles(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile() && /\.(?:ts|css|html)$/u.test(file.name))
    .map((file) => join(file.parentPath, file.name))
    .sort();
}

function run(command, words, { failure = "", quiet = false } = {}) {
  const { status, error } = spawnSync(command, words, { stdio: ["ignore", 2, 2] });
  if (status === 0) return;
  if (quiet) process.exit(2);
  stop(failure || `Cannot run ${command}: ${error?.message ?? `exit code ${status}`}`);
}

function read(path) {
  return existsSync(path) ? readFileSync(path, "utf8") : null;
}

function digest(parts) {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
}

function say(text) {
  process.stderr.write(`setup: ${text}\n`);
}

function stop(text) {
  say(text);
  process.exit(2);
}
