/** Who may import whom. Each rule names the promise it keeps; docs/architecture.md says why. */

const tests = "[.]test[.]ts$|^(src|harness)/testing/";

/** A package that only the named places may import. */
const packageOnlyIn = (name, places) => ({
  name: `${name}-in-its-place`,
  comment: `${name} is imported only in ${places.join(", ")}`,
  severity: "error",
  from: { pathNot: [...places.map((place) => `^${place}`), tests] },
  to: { path: `node_modules/${name}/` },
});

/** Where programs are started. */
const startsPrograms = [
  "harness/assets/run-tool[.]ts$",
  "harness/lifecycle/start-process[.]ts$",
  "ci/(setup|install-packages)[.]mjs$",
];

module.exports = {
  forbidden: [
    {
      name: "no-cycles",
      comment: "A cycle hides who depends on whom",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "src-does-no-io",
      comment: "src is pure: the whole arrow runs without a file, a process or a clock",
      severity: "error",
      from: { path: "^src/", pathNot: tests },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "src-knows-no-harness",
      comment: "src is pure: it never reaches for what touches the world",
      severity: "error",
      from: { path: "^src/" },
      to: { path: "^(harness|ci)/" },
    },
    {
      name: "src-imports-only-what-is-pure",
      comment: "src is pure: no package that does I/O",
      severity: "error",
      from: { path: "^src/", pathNot: tests },
      to: { path: "node_modules/", pathNot: "node_modules/(zod|yaml|pure-rand)/" },
    },
    {
      name: "compare-stands-alone",
      comment: "compare knows neither model nor target: two traces in, differences out",
      severity: "error",
      from: { path: "^src/compare/", pathNot: tests },
      to: { path: "^src/", pathNot: "^src/(compare|trace)/" },
    },
    {
      name: "model-knows-no-target",
      comment: "the model predicts; it never sees what performs",
      severity: "error",
      from: { path: "^src/model/", pathNot: tests },
      to: { path: "^src/(target|verdict|scenario)/" },
    },
    {
      name: "programs-start-in-few-places",
      comment: "Processes are started only where their end is looked after",
      severity: "error",
      from: { pathNot: [...startsPrograms.map((place) => `^${place}`), tests] },
      to: { path: "^(node:)?child_process$" },
    },
    {
      name: "pages-import-only-src",
      comment: "What a browser runs is inlined into every report: of the rest it has what is pure",
      severity: "error",
      from: { path: "^page/" },
      to: { path: "^(harness|ci)/|node_modules/" },
    },
    {
      name: "pages-are-built-in",
      comment: "A page is built from its own folder; nobody imports it",
      severity: "error",
      from: { pathNot: "^page/" },
      to: { path: "^page/" },
    },
    packageOnlyIn("execa", startsPrograms),
    packageOnlyIn("p-retry", ["harness/wait/"]),
    packageOnlyIn("xml2js", ["harness/report/junit[.]ts$", "harness/libvirt/"]),
    packageOnlyIn("ssh2", ["harness/ssh/"]),
    packageOnlyIn("commander", ["harness/cli/"]),
    packageOnlyIn("node-sqlite3-wasm", ["harness/nightly/history[.]ts$"]),
    packageOnlyIn("jiti", ["harness/nightly/load-config[.]ts$"]),
    packageOnlyIn("cli-table3", ["harness/report/"]),
    packageOnlyIn("chokidar", ["harness/watch/"]),
    packageOnlyIn("bullmq", ["harness/queue/"]),
    packageOnlyIn("ioredis", ["harness/queue/"]),
    {
      name: "queues-are-loaded-when-asked-for",
      comment: "Whoever has no queue does not load what talks to one",
      severity: "error",
      from: { path: "^harness/", pathNot: ["^harness/queue/", tests] },
      to: { path: "^harness/queue/", dependencyTypesNot: ["dynamic-import", "type-only"] },
    },
    {
      name: "tests-are-not-shipped",
      comment: "What is shipped imports no test and no helper of tests",
      severity: "error",
      from: { pathNot: tests },
      to: { path: tests },
    },
    {
      name: "only-declared-packages",
      comment: "What is shipped imports only what package.json lists under dependencies",
      severity: "error",
      // Whoever imports "zpci-hil/vitest" has vitest: it is a peer.
      from: { path: "^(src|harness)/", pathNot: [tests, "^harness/vitest/index[.]ts$"] },
      to: {
        dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown", "undetermined"],
        dependencyTypesNot: ["type-only"],
      },
    },
    {
      name: "everything-resolves",
      comment: "An import that leads nowhere; what is built into dist may not be there yet",
      severity: "error",
      from: {},
      to: { couldNotResolve: true, pathNot: "^([.][.]/)+dist/" },
    },
  ],
  options: {
    // What was built is judged by its sources.
    doNotFollow: { path: ["node_modules", "^dist/"] },
    tsConfig: { fileName: "tsconfig.json" },
    // Types count: an import of a type is knowledge of a module too.
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "types", "default"],
      extensions: [".ts", ".js"],
    },
  },
};
