import { resolve } from "node:path";
import { findCacheRoot } from "../../assets/cache.ts";
import { prepareNamedKernel } from "../../assets/prepare-assets.ts";
import { UsageError } from "../../errors/harness-error.ts";
import { isKernelName } from "../../kernel/debian-name.ts";
import { listKernels } from "../../kernel/list-kernels.ts";
import { buildTarball, type TreeKernel } from "../../kernel/tree-kernel.ts";
import { describeSeconds } from "../../report/describe-record.ts";
import { escapeLine } from "../../report/escape.ts";
import { formatJsonLine } from "../../report/json-line.ts";
import { createScreen, wantsColours } from "../../report/screen.ts";
import type { CommandContext, RegisterCommand } from "../command.ts";
import { showProgress } from "../show-progress.ts";

interface BuildFlags {
  readonly repo?: string;
  readonly commit?: string;
  readonly tarball?: string;
  readonly debian?: string;
  readonly flavour?: string;
  readonly json: boolean;
}

const notes = `
"fetch" and "build" print the path of the kernel's image on standard output, and everything else on standard error:

  zhil run --kernel "$(zhil kernel build --repo ~/linux --commit v7.1)" "dma-*"

Kernels are built out of tree, in the cache, from the commit as it is (uncommitted changes are not in it) and the lean configuration;
options that its source does not have are named, and scenarios that need them skipped.

Examples:
  zhil kernel ls
  zhil kernel fetch debian/6.12                            Debian's own kernel, ready made
  zhil kernel build --repo ~/linux --flavour kasan         the commit that is checked out there
  zhil kernel build --debian 6.12                          from Debian's source of that version
  zhil kernel build --tarball linux-7.2.tar.xz`;

/** `zhil kernel` */
export const registerKernel: RegisterCommand = (program, context) => {
  const command = program
    .command("kernel")
    .description("Lists, fetches and builds kernels.")
    .addHelpText("after", notes);
  command
    .command("ls")
    .description("Lists kernels that have a name, and those that were built from commits and tarballs.")
    .option("--json", "one JSON object per kernel and line", false)
    .option("--no-color", "no colours")
    .action(async (flags: { readonly json: boolean; readonly color: boolean }) => {
      await printKernels(flags, context);
    });
  command
    .command("fetch")
    .description("Fetches a kernel by its name, and builds it where it is one to be built.")
    .argument("<name>", "as --kernel takes it: debian/6.12, lean, lean/6.12, lean/kasan")
    .action(async (name: string) => {
      const { io } = context;
      if (name !== "lean" && !isKernelName(name)) {
        throw new UsageError({
          what: `Cannot fetch "${name}": it is no name of a kernel`,
          remedy: 'Name one as debian/6.12, lean, lean/6.12 or lean/kasan; "zhil kernel ls" shows what there is',
        });
      }
      const { report, signal } = prepare(context);
      const kernel = await prepareNamedKernel({ ...(name === "lean" ? {} : { kernel: name }), report, signal });
      io.stdout.write(`${kernel.image}\n`);
    });
  command
    .command("build")
    .description("Builds the kernel of a commit, a tarball or a Debian source package.")
    .option("--repo <dir>", "a git repository, which is only read")
    .option("--commit <commit>", "a commit of it (default: HEAD)")
    .option("--tarball <file>", "a tarball of the source")
    .option("--debian <version>", "Debian's source of a version, such as 6.12")
    .option("--flavour <name>", "build this flavour of the lean kernel, such as kasan")
    .option("--json", "what was built as one line of JSON, instead of the image's path", false)
    .action(async (flags: BuildFlags) => {
      await build(flags, context);
    });
};

async function build(flags: BuildFlags, context: CommandContext): Promise<void> {
  const { io, services } = context;
  const { print, report, signal } = prepare(context);
  const { repo, commit = "HEAD", tarball, debian, flavour = null } = flags;
  if ([repo ?? flags.commit, tarball, debian].filter((each) => each !== undefined).length > 1) {
    throw new UsageError({
      what: "Cannot build from several sources",
      remedy: "Give one of --repo, --tarball, --debian",
    });
  }
  const options = { flavour, report, signal };
  if (debian !== undefined) {
    if (flavour !== null) throw new UsageError({ what: "Cannot build a flavour of one of Debian's sources" });
    const kernel = await prepareNamedKernel({ kernel: `lean/${debian}`, report, signal });
    io.stdout.write(flags.json ? formatJsonLine(kernel) : `${kernel.image}\n`);
    return;
  }
  const built: TreeKernel =
    tarball === undefined
      ? await services.buildCommit(resolve(io.workingFolder, repo ?? "."), commit, options)
      : await buildTarball(resolve(io.workingFolder, tarball), options);
  const { kernel, lacks, seconds } = built;
  const how = seconds === 0 ? "built before" : `built in ${describeSeconds(seconds)}`;
  print(`Linux ${escapeLine(kernel.version)}, ${how}`);
  if (lacks.length > 0) print(`Its source does not have: ${lacks.join(", ")}`);
  io.stdout.write(flags.json ? formatJsonLine({ ...kernel, lacks, seconds }) : `${kernel.image}\n`);
}

async function printKernels(
  flags: { readonly json: boolean; readonly color: boolean },
  { io }: CommandContext,
): Promise<void> {
  const { print, paint } = createScreen(io.stdout, wantsColours(io.stdout, io.environment, flags.color));
  for (const kernel of await listKernels(resolve(findCacheRoot()), io.interrupt)) {
    if (flags.json) {
      io.stdout.write(formatJsonLine(kernel));
      continue;
    }
    const { name, version, image, about } = kernel;
    const title = (name ?? "").padEnd(18);
    print(`${paint("strong", title)} ${(version ?? "not here yet").padEnd(22)} ${escapeLine(about)}`);
    if (name === null && image !== null) print(`${"".padEnd(18)} ${image}`);
  }
}

function prepare({ io }: CommandContext): Pick<ReturnType<typeof createScreen>, "print"> & {
  readonly report: ReturnType<typeof showProgress>;
  readonly signal: AbortSignal;
} {
  const screen = createScreen(io.stderr, wantsColours(io.stderr, io.environment, true));
  return { print: screen.print, report: showProgress(io.stderr, screen), signal: io.interrupt };
}
