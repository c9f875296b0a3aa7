/** What the site has, in the order of its navigation. A page that no section names is in none, and the build fails. */
export const sections = [
  ["Start", ["README.md", "docs/tutorial.md"]],
  [
    "How to",
    [
      "docs/vitest.md",
      "docs/report.md",
      "docs/traces.md",
      "docs/races.md",
      "docs/answers.md",
      "docs/write-a-function.md",
      "docs/kernel-driver.md",
      "docs/explore.md",
      "docs/bisect.md",
      "docs/nightly.md",
      "docs/passthrough.md",
      "docs/hardware.md",
      "docs/kselftest.md",
    ],
  ],
  [
    "Reference",
    [
      "reference/commands.md",
      "reference/operations.md",
      "reference/scenario.md",
      "reference/ledger.md",
      "docs/model.md",
      "docs/devices.md",
      "docs/seeds.md",
      "docs/evidence.md",
      "docs/agent-protocol.md",
      "docs/coverage.md",
      "docs/speed.md",
    ],
  ],
  ["Explanation", ["docs/architecture.md", "docs/glossary.md"]],
  ["Decisions", ["docs/decisions/*"]],
  ["Discoveries", ["docs/discoveries/*"]],
];

/** Where a page is in the site. */
export const addressOf = (source) =>
  source === "README.md" ? "index.html" : source.replace(/^docs\//u, "").replace(/\.md$/u, ".html");
