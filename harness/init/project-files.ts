/** The files of a project that somebody begins: a configuration, a scenario, a test, and what runs them elsewhere. */

/** What the files are about. */
export interface NewProject {
  /** As npm has it. */
  readonly name: string;
  /** Where npm finds zpci-hil: a file in the project, or whatever else npm takes. */
  readonly package: string;
  /** The range of vitest that zpci-hil works with. */
  readonly vitest: string;
  /** Debian's packages that building a kernel takes. */
  readonly debianPackages: readonly string[];
}

/** The files by path; each is complete as it is. */
export const projectFiles = (project: NewProject): Readonly<Record<string, string>> => ({
  "package.json": `${JSON.stringify(
    {
      name: project.name,
      private: true,
      type: "module",
      scripts: {
        scenarios: "zhil run --scenarios scenarios",
        test: "vitest run",
        watch: "zhil watch --scenarios scenarios",
        nightly: "zhil nightly",
      },
      devDependencies: { vitest: project.vitest, "zpci-hil": project.package },
    },
    null,
    2,
  )}\n`,
  "zhil.config.ts": configuration,
  "vitest.config.ts": vitestConfiguration,
  "scenarios/unmapped-page.yaml": scenario,
  "tests/mapped-before-attach.test.ts": test,
  ".gitignore": "node_modules/\nzhil-runs/\nzhil-nights/\n",
  ".github/workflows/zhil.yml": gitHub(project),
  ".gitlab-ci.yml": gitLab(project),
  "README.md": readme(project),
});

const configuration = `// What "zhil nightly" and "zhil watch" take. An editor completes it by its types.
import { defineConfig } from "zpci-hil/config";

export default defineConfig({
  // "lean" is built from the newest source that Debian has; a path leads to a kernel of yours, such as
  // "../linux/arch/s390/boot/bzImage".
  kernels: ["lean"],
  qemus: ["newest"],
  scenarios: { folder: "scenarios" },
});
`;

const vitestConfiguration = `import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/**/*.test.ts"],
    // Emulated machines want a core each, and the first test of a kernel prepares it.
    maxWorkers: 1,
    testTimeout: 120_000,
    // ZHIL_BENCH=model: the reference emulator in a kernel's place, in milliseconds.
    provide: process.env["ZHIL_BENCH"] === "model" ? { zhil: { bench: "model" } } : {},
  },
});
`;

const scenario = `# yaml-language-server: $schema=../node_modules/zpci-hil/fixtures/scenario.schema.json
name: unmapped-page
summary: After an unmap the device reaches the page no more
tags: [iommufd, unmap, dma]
functions: { a: nvme }
buffers: { p: 1 }
steps:
  - take-iommufd: { function: a } # bind to vfio-pci, open the cdev, bind to an iommufd
  - ioas-alloc: { ioas: A }
  - attach: { function: a, to: A }
  - start-nvme: { function: a, ioas: A } # map its queues, bring the controller up
  - ioas-map: { ioas: A, iova: base+0x10000, buffer: p }
  - dma-write: { function: a, iova: base+0x10000, block: 1 }
  - ioas-unmap: { ioas: A, iova: base+0x10000, length: 0x1000 }
  - dma-write: { function: a, iova: base+0x10000, block: 2 }
    note: Refused
`;

const test = `import { expect, test } from "zpci-hil/vitest";

test("what is mapped before an attach is the domain's after it", async ({ agent, device, guest }) => {
  await agent.perform(
    { "take-iommufd": { function: "a" } },
    { "ioas-alloc": { ioas: "A" } },
    { "ioas-map": { ioas: "A", iova: "base+0x10000", buffer: "p" } },
  );
  const { result, functions } = await device.perform("attach", { to: "A" });
  expect(result).toBe("OK");
  expect(functions["a"]?.counters?.mapped).toBe(1);
  await expect(guest.trace).toMatchModel();
});

test("a whole scenario comes to what the model or the ledger says", async ({ host }) => {
  const { record } = await host.run("scenarios/unmapped-page.yaml");
  expect(["pass", "known"]).toContain(record.verdict);
});
`;

/** Node of Debian 13 or later is new enough. */
const image = "debian:trixie";

const install = ({ debianPackages }: NewProject): string =>
  `apt-get update && apt-get install -y --no-install-recommends ca-certificates nodejs npm ${debianPackages.join(" ")}`;

const gitHub = (project: NewProject): string => `name: zhil
on: [push, pull_request]
jobs:
  zhil:
    runs-on: ubuntu-latest
    container: ${image}
    steps:
      - uses: actions/checkout@v4
      - run: ${install(project)}
      # Kernels and QEMUs, built and fetched once.
      - uses: actions/cache@v4
        with:
          path: zhil-cache
          key: zhil-\${{ hashFiles('package.json', 'zhil.config.ts') }}
      - run: npm install
      - run: npm test
        env: { ZHIL_CACHE: "\${{ github.workspace }}/zhil-cache" }
      - run: npm run scenarios -- --report junit=zhil-runs/junit.xml
        env: { ZHIL_CACHE: "\${{ github.workspace }}/zhil-cache" }
      - uses: actions/upload-artifact@v4
        if: always()
        with: { name: zhil-runs, path: zhil-runs }
`;

const gitLab = (project: NewProject): string => `zhil:
  image: ${image}
  variables: { ZHIL_CACHE: $CI_PROJECT_DIR/zhil-cache }
  # Kernels and QEMUs, built and fetched once.
  cache: { key: { files: [package.json, zhil.config.ts] }, paths: [zhil-cache] }
  before_script:
    - ${install(project)}
    - npm install
  script:
    - npm test
    - npm run scenarios -- --report junit=zhil-runs/junit.xml
  artifacts:
    when: always
    paths: [zhil-runs]
    reports: { junit: zhil-runs/junit.xml }
`;

const readme = ({ name }: NewProject): string => `# ${name}

Scenarios about zPCI, IOMMU, VFIO and iommufd on s390x, decided by zpci-hil.

\`\`\`
npm install
npx zhil doctor                                      # what this machine lacks
npx zhil run --scenarios scenarios --bench model     # on the reference emulator, in milliseconds
npm run scenarios                                    # on a real kernel; the first time builds it
npm test                                             # tests/; ZHIL_BENCH=model for the reference emulator
npm run watch                                        # runs again what changed
npm run nightly                                      # every kernel and QEMU of zhil.config.ts
\`\`\`

A scenario says what happens; what must come of it is the model's to say. \`npx zhil show\` tells a run step by step,
\`zhil-runs/latest/report.html\` is the same to look at and to send.
`;
