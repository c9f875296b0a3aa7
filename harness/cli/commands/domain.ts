import { makePlan } from "../../../src/plan/make-plan.ts";
import { placeFunctions } from "../../../src/plan/place-functions.ts";
import { modelProfile } from "../../../src/target/model-target.ts";
import type { FunctionProfile } from "../../../src/trace/profile.ts";
import { UsageError } from "../../errors/harness-error.ts";
import { addressesOf, type Domain, type DomainFunction } from "../../libvirt/domain.ts";
import { renderDomain } from "../../libvirt/render-domain.ts";
import { scenariosFolder } from "../../scenarios/read-scenarios.ts";
import { selectScenarios } from "../../scenarios/select-scenarios.ts";
import { createScreen } from "../../report/screen.ts";
import { readDomain } from "../read-domain.ts";
import type { RegisterCommand } from "../command.ts";
import { showProgress } from "../show-progress.ts";

interface DomainFlags {
  readonly domain?: string;
}

const notes = `
A file given with --domain is read and printed again as far as a bench honours it; what is of no account is listed on standard error,
what cannot be honoured is refused by name.

Examples:
  zhil domain replace-populated-ioas > bench.xml
  virsh dumpxml guest > guest.xml && zhil domain --domain guest.xml`;

/** `zhil domain` */
export const registerDomain: RegisterCommand = (program, { io }) => {
  program
    .command("domain")
    .description(
      "Prints the machine of the emulated bench as a libvirt domain, with a scenario's functions where one is named.",
    )
    .argument("[scenario]", "a scenario's name, or the path of its YAML file")
    .option("--domain <file>", "a libvirt domain, as zhil run takes it: the bench has its settings")
    .addHelpText("after", notes)
    .action(async (name: string | undefined, flags: DomainFlags) => {
      const screen = createScreen(io.stderr, false);
      const base: Domain =
        flags.domain === undefined ? plain : await readDomain(flags.domain, io, showProgress(io.stderr, screen));
      const functions = name === undefined ? base.functions : await functionsOf(name, base, io.workingFolder);
      const { memoryMiB, cpus, machine } = base;
      io.stdout.write(`${renderDomain({ name: name ?? base.name, memoryMiB, cpus, machine, functions })}\n`);
    });
};

/** The bench where nobody chose a domain. */
const plain: Domain = {
  ...{ name: "zhil", memoryMiB: modelProfile.memoryMiB, cpus: modelProfile.cpus, machine: "s390-ccw-virtio" },
  functions: [],
};

/** The functions of a scenario, at the addresses that a domain has for them. */
async function functionsOf(name: string, domain: Domain, workingFolder: string): Promise<readonly DomainFunction[]> {
  const selection = { names: [name], tags: [], without: [], seeds: [], folder: scenariosFolder, workingFolder };
  const { scenarios, broken } = await selectScenarios(selection);
  const [first] = broken;
  if (first !== undefined) throw first.error;
  const [scenario, another] = scenarios;
  if (scenario === undefined || another !== undefined) {
    throw new UsageError({ what: `Cannot print "${name}": it is ${scenarios.length} scenarios, expected one` });
  }
  return placeFunctions(makePlan(scenario, modelProfile), addressesOf(domain)).functions.map(describeFunction);
}

function describeFunction({ name, device, uid, fid }: FunctionProfile): DomainFunction {
  if (device === "nvme" || device === "virtio-rng") return { kind: device, uid, fid };
  throw new UsageError({
    what: `Cannot say function "${name}" in libvirt's XML: zhil serves it itself, as a ${device}`,
    remedy: "Name a scenario whose functions are emulated",
  });
}
