/**
 * A run in a process of its own that wants the template of a fake machine: says on each line what is reported, and at the
 * end `template` or `none`. Arguments: root of the cache, folder for its scratch folder, the fake QEMU's program.
 */
import { createScratch } from "../lifecycle/scratch.ts";
import { freezeAgent } from "../template/freeze-agent.ts";
import { supplyTemplates } from "../template/template-supply.ts";

const [, , root = "", parent = "", program = ""] = process.argv;
const environment = { FAKE_QEMU: process.env["FAKE_QEMU"] ?? "{}" };
const ports = ["zhil.agent", "zhil.watch"];
const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

await using scratch = await createScratch({ parent });
const supply = supplyTemplates(
  {
    machine: {
      qemu: { argv: [process.execPath, program], environment },
      ...{ kernel: "kernel", initramfs: "initramfs", commandLine: "", memoryMiB: 1, cpus: 1, ports },
    },
    digests: ["one"],
    routine: freezeAgent("zhil.agent"),
  },
  {
    ...{ root, scratch, signal: new AbortController().signal },
    report: (progress) => {
      say("text" in progress ? progress.text : progress.task);
    },
  },
);
say((await supply.get()) === null ? "none" : "template");
