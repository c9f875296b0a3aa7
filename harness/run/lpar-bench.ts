/** The `lpar` bench: a real host, reached by SSH, and those of its functions that the configuration names. */
import type { Address } from "../../src/plan/place-functions.ts";
import { createCacheFolder, findCacheRoot } from "../assets/cache.ts";
import { readGiven } from "../assets/given.ts";
import { prepareInitramfs } from "../assets/prepare-initramfs.ts";
import type { ReportProgress } from "../assets/progress.ts";
import type { Finding } from "../doctor/finding.ts";
import { UsageError } from "../errors/harness-error.ts";
import { ResourceScope } from "../lifecycle/resource-scope.ts";
import { makeHostFolder, sendAgent } from "../lpar/host-agent.ts";
import { examineHost, type HostFacts } from "../lpar/examine-host.ts";
import { findUnfit } from "../lpar/fits-host.ts";
import type { RealHost } from "../lpar/host-config.ts";
import { HostLease, type LeasePlace } from "../lpar/host-lease.ts";
import { HostSession } from "../lpar/host-session.ts";
import { judgeHost } from "../lpar/judge-host.ts";
import { LparTarget } from "../lpar/lpar-target.ts";
import { describeProfile } from "../lpar/describe-profile.ts";
import { readAgentProgram } from "../passthrough/agent-program.ts";
import type { SshHost } from "../ssh/ssh-host.ts";
import type { Bench } from "./bench.ts";

/** How the `lpar` bench is opened. */
export interface LparBenchOptions extends RealHost {
  /** The agent's program, where it is not the prepared one. */
  readonly agent?: Uint8Array;
  /** Milliseconds for an operation, where the usual ones will not do. */
  readonly operationLimit?: number;
  readonly report: ReportProgress;
  readonly signal: AbortSignal;
}

/** Milliseconds for functions to be put back when the run is over, whatever ended it. */
const farewell = 120_000;

/**
 * Looks at the host, takes the lease of its functions, and sends the agent. Disposing it puts the functions back.
 * @throws {UsageError} that names everything the host lacks; {HarnessError} where it does not do its part
 */
export async function openLparBench(options: LparBenchOptions): Promise<Bench> {
  const { host, config, report, signal } = options;
  await using scope = new ResourceScope();
  const session = scope.use("connection to the host", new HostSession(host));
  const connect: LeasePlace["connect"] = (until) => session.connect(until);
  const client = await connect(signal);
  const facts = await examineHost(config, { client, signal });
  refuseUnfit(judgeHost(facts, config), host);
  const functions = config.functions.map(({ fid, device }) => {
    const found = facts.functions.find((each) => each.fid === Number(fid));
    if (found === undefined) throw new UsageError({ what: `The host has no function ${fid}` });
    return { device, fid: found.fid, address: found.address, uid: Number.parseInt(found.address, 16) };
  });
  const program = options.agent ?? (await prepareAgent(options));
  const place = { client, config, signal };
  await makeHostFolder(place);
  const fids = functions.map(({ fid }) => fid);
  const lease = await HostLease.take({ config, connect }, fids, signal);
  scope.defer("functions of the host", async () => {
    // Also where the run was interrupted: a limit of its own, and nobody calls it off.
    const { functions: restored } = await lease.giveBack(AbortSignal.timeout(farewell));
    for (const each of restored) report({ kind: "note", text: `The host has back: ${each}` });
  });
  for (const each of lease.found.functions) {
    report({ kind: "note", text: `Put back what a run that was killed left on the host: ${each}` });
  }
  await sendAgent(program, place);
  const profile = describeProfile(facts, config);
  const addresses = functions.map(({ device, uid, fid }): Address => ({ device, uid, fid }));
  const enter = makeTurnstile();
  const kept = scope.move();
  return {
    title: `lpar: Linux ${facts.release}, ${describeMachine(facts)}`,
    ...{ profile, addresses, images: [] },
    options: ["--bench", "lpar", ...options.options],
    startsAhead: false,
    lacks: (scenario) => findUnfit(scenario, config.functions),
    createTarget: () =>
      new LparTarget({
        ...{ profile, config, lease, connect, enter },
        ...(options.operationLimit === undefined ? {} : { operationLimit: options.operationLimit }),
        addresses: new Map(functions.map(({ fid, address }) => [fid, address])),
      }),
    describeMachine: () => [],
    [Symbol.asyncDispose]: () => kept[Symbol.asyncDispose](),
  };
}

const describeMachine = ({ hypervisor }: HostFacts): string =>
  hypervisor === null ? "an LPAR" : `under ${hypervisor}`;

/** Nothing is begun on a host that lacks what cannot be done without. */
function refuseUnfit(findings: readonly Finding[], { address }: SshHost): void {
  const lacking = findings.filter(({ state }) => state === "missing");
  if (lacking.length === 0) return;
  throw new UsageError({
    what: `Cannot use host "${address}": ${lacking.map(({ what, detail }) => `${what}: ${detail}`).join("; ")}`,
    remedy: "zhil doctor --bench lpar says what to do about each",
  });
}

async function prepareAgent({ report, signal }: LparBenchOptions): Promise<Uint8Array> {
  const preparation = { root: await createCacheFolder(findCacheRoot()), update: false, report, signal };
  return readAgentProgram(await prepareInitramfs(preparation, readGiven().agent));
}

/** Lets one in at a time, in the order in which they come. */
function makeTurnstile(): () => Promise<() => void> {
  let last: Promise<void> = Promise.resolve();
  return async () => {
    const before = last;
    let leave = (): void => undefined;
    last = new Promise((resolve) => {
      leave = resolve;
    });
    await before;
    return () => {
      leave();
    };
  };
}
