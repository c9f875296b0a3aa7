/** What `zhil bisect` does. */
import { rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { Scenario } from "../../src/scenario/scenario.ts";
import { findSignature, parseSignature, type Signature } from "../../src/bisect/signature.ts";
import { withLock } from "../assets/file-lock.ts";
import { makeReport } from "../bisect/bisect-report.ts";
import { loadState, newState, type BisectRequest, type BisectState } from "../bisect/bisect-state.ts";
import type { BisectWorld } from "../bisect/bisect-world.ts";
import type { TellCommit } from "../bisect/range.ts";
import { renderMail, renderReport } from "../bisect/render-bisect.ts";
import { refuseUnseen, runBisect, type BisectResult } from "../bisect/run-bisect.ts";
import { showBisectProgress } from "../bisect/show-bisect.ts";
import { UsageError } from "../errors/harness-error.ts";
import { readEvidence } from "../evidence/read-evidence.ts";
import { makeFolders } from "../lifecycle/make-folders.ts";
import { formatJsonLine } from "../report/json-line.ts";
import { createScreen, wantsColours, type Screen } from "../report/screen.ts";
import { selectScenarios } from "../scenarios/select-scenarios.ts";
import type { CommandContext } from "./command.ts";
import type { ExitCode } from "./exit-code.ts";
import { readVariable, type Io } from "./io.ts";
import { goThroughArchive, goThroughCommits, readEnds } from "./bisect-ends.ts";
import type { BisectFlags, SharedBisectFlags } from "./bisect-flags.ts";
import { readSelection } from "./options.ts";
import { showProgress } from "./show-progress.ts";
import { shortId } from "../bisect/short-id.ts";

/**
 * Bisects, or goes on with what an earlier call has found.
 * @throws {HarnessError} where no answer can be had
 */
export async function bisectCommand(
  words: readonly string[],
  flags: BisectFlags,
  context: CommandContext,
): Promise<ExitCode> {
  const { io } = context;
  const people = flags.json ? io.stderr : io.stdout;
  const screen = createScreen(people, wantsColours(people, io.environment, flags.color));
  const report = showProgress(people, screen);
  const { ends, name } = readEnds(words, flags);
  const scenario = await selectOne(name, flags, io);
  const sought = await readSought(flags, scenario, io);
  const given = await makeWorld(scenario, flags, context, report);
  const { repository, range, tell, world } =
    ends.kind === "versions"
      ? await goThroughArchive(ends.between, flags, given, context)
      : await goThroughCommits({ ...flags, ...ends, paths: flags.path }, flags, given, io);
  for (const note of range.notes) screen.print(note);
  const folder = resolve(io.workingFolder, flags.out);
  await makeFolders(folder);
  const lock = { root: folder, name: "bisect", purpose: "bisecting", report, signal: io.interrupt };
  return withLock(lock, async () => {
    if (flags.restart) await rm(join(folder, "state.json"), { force: true });
    const request: BisectRequest = {
      ...{ repository, find: range.find, base: range.base, scenario: scenario.name },
      ...{
        judgedAs: world.judgedAs,
        flavour: flags.flavour ?? null,
        qemu: flags.qemu ?? null,
        firstParent: flags.firstParent,
      },
      ...{ tip: range.commits.at(-1)?.id ?? "", paths: [...flags.path] },
    };
    const commits = range.commits.map(({ id, parents }) => ({ id, parents: [...parents] }));
    const state = await takeUp(folder, newState(request, commits), sought, screen);
    const show = await showBisectProgress(screen, tell, state);
    const { confidence, tries } = flags;
    const result = await runBisect(state, world, { folder, confidence, tries, onProgress: show });
    return conclude(result, { folder, tell, flags, io, screen });
  });
}

/** The one scenario that a name selects. */
export async function selectOne(name: string, flags: SharedBisectFlags, io: Io): Promise<Scenario> {
  const none = { tag: [], without: [], seed: [] };
  const chosen = flags.scenarios === undefined ? none : { ...none, scenarios: flags.scenarios };
  const { scenarios, broken } = await selectScenarios(readSelection([name], chosen, io.workingFolder));
  if (broken[0] !== undefined) throw broken[0].error;
  const [scenario, another] = scenarios;
  if (scenario !== undefined && another === undefined) return scenario;
  throw new UsageError({
    what: `Cannot bisect with "${name}": ${scenarios.length} scenarios have that name`,
    remedy: "Name one scenario",
  });
}

/** The failure that options name; null where none does. */
export async function readSought(flags: SharedBisectFlags, scenario: Scenario, io: Io): Promise<Signature | null> {
  if (flags.seek !== undefined) {
    const signature = parseSignature(flags.seek);
    if (signature !== null) return signature;
    throw new UsageError({
      what: `Cannot look for "${flags.seek}": it names no failure`,
      remedy: "Write STEP:FIELD such as 14:memory.q[0], STEP:result=ERRNO, or alarm:TEXT",
    });
  }
  if (flags.like === undefined) return null;
  const { record } = await readEvidence(resolve(io.workingFolder, flags.like));
  if (record === null) throw new UsageError({ what: `Cannot look for what "${flags.like}" shows: it has no record` });
  if (record.scenario !== scenario.name) {
    throw new UsageError({
      what: `Cannot look for what "${flags.like}" shows: it is of scenario "${record.scenario}"`,
    });
  }
  const signature = findSignature(record) ?? findSignature(record, "known");
  if (signature !== null) return signature;
  throw new UsageError({ what: `Cannot look for what "${flags.like}" shows: its verdict is ${record.verdict}` });
}

/** The world that commits are tried in. */
export async function makeWorld(
  scenario: Scenario,
  flags: SharedBisectFlags,
  { io, services }: CommandContext,
  report: BisectWorld["report"],
): Promise<BisectWorld> {
  const chosen = flags.qemu ?? readVariable(io, "ZHIL_QEMU");
  const qemu = chosen === null ? null : resolve(io.workingFolder, chosen);
  const signal = io.interrupt;
  return {
    buildCommit: services.buildCommit,
    // A clone pays only where many runs follow: most kernels are run once.
    openBench: (kernel) => services.openBench({ name: "emulated", kernel, qemu, boot: "cold", report, signal }),
    ledger: await services.readLedger(),
    judgedAs: flags.as ?? null,
    ...{ scenario, report, signal },
  };
}

/** What an earlier call has found, where it looked for the same; else the beginning. */
async function takeUp(
  folder: string,
  fresh: BisectState,
  sought: Signature | null,
  { print }: Screen,
): Promise<BisectState> {
  const earlier = await loadState(folder);
  if (earlier === null) return { ...fresh, signature: sought };
  const isSame =
    isDeepStrictEqual(earlier.request, fresh.request) &&
    (sought === null || isDeepStrictEqual(earlier.signature, sought));
  if (!isSame) {
    throw new UsageError({
      what: `Cannot bisect in "${folder}": it holds another bisection, of ${earlier.request.scenario} from ${shortId(earlier.request.base)} to ${shortId(earlier.request.tip)}`,
      remedy: "Name another folder with --out, or give up the other one with --restart",
    });
  }
  print(`Going on after ${earlier.events.length} steps that ${folder} has`);
  return earlier;
}

interface Place {
  readonly folder: string;
  readonly tell: TellCommit;
  readonly flags: BisectFlags;
  readonly io: Io;
  readonly screen: Screen;
}

async function conclude(result: BisectResult, { folder, tell, flags, io, screen }: Place): Promise<ExitCode> {
  if (result.answer.kind === "unseen") refuseUnseen(result, result.answer.node, flags.tries);
  const report = await makeReport(result, tell);
  const lines = renderReport(report);
  const mail = renderMail(report);
  await writeFile(join(folder, "report.txt"), `${lines.join("\n")}\n`);
  await writeFile(join(folder, "report.json"), `${JSON.stringify(report, null, 2)}\n`);
  if (mail !== null) await writeFile(join(folder, "mail"), mail);
  screen.print();
  for (const line of lines) screen.print(line);
  screen.print();
  screen.print(`Reports are in ${folder}: report.txt, report.json${mail === null ? "" : ", and mail, a draft"}`);
  if (flags.json) io.stdout.write(formatJsonLine(report));
  return report.found.length > 0 ? 0 : 1;
}
