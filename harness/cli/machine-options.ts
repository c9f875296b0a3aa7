/** Options that say on what scenarios run. */
import { Option, type Command } from "commander";
import { hostBackends } from "../../src/trace/host-view.ts";
import { benchNames } from "../run/bench-names.ts";
import { bootKinds } from "../run/boot-kinds.ts";
import { qemuOption } from "./options.ts";

/** Adds the options of a bench and its machines. */
export function addMachineOptions(command: Command): Command {
  return command
    .addOption(new Option("--bench <bench>", "what to run on").choices(benchNames).default("emulated"))
    .option(
      "--kernel <bzImage>",
      "boot this kernel instead of the prepared one; or Debian's of a version, debian/6.12; or one built as the " +
        "prepared one is, of another version, lean/6.12, or of a flavour, lean/kasan (ZHIL_KERNEL)",
    )
    .addOption(qemuOption())
    .addOption(
      new Option(
        "--boot <how>",
        "how a scenario gets its kernel: a clone of a booted one, a boot of its own, or one shared with others, " +
          "each in its turn, until something speaks against it",
      )
        .choices(bootKinds)
        .default("clone"),
    )
    .option(
      "--domain <file>",
      "a libvirt domain, as virsh dumpxml prints it: machines have its memory, processors and type, functions its UIDs and FIDs",
    )
    .addOption(
      new Option(
        "--backend <how>",
        "by what the guest of bench passthrough has its functions on its host (default: iommufd)",
      ).choices(hostBackends),
    );
}
