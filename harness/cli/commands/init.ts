import { relative, resolve } from "node:path";
import { beginProject } from "../../init/begin-project.ts";
import { escapeLine } from "../../report/escape.ts";
import type { RegisterCommand } from "../command.ts";

interface InitFlags {
  readonly package?: string;
}

const notes = `
The project has a configuration, a scenario, a test, files for the continuous integrations of GitHub and GitLab, and this very
zpci-hil, packed: it judges the same tomorrow and on other machines. Nothing that is there already is touched.

Examples:
  zhil init corners && cd corners && npm install && npm run scenarios
  zhil init --package file:../zpci-hil-0.1.0.tgz      one that was packed before`;

/** `zhil init` */
export const registerInit: RegisterCommand = (program, { io }) => {
  program
    .command("init")
    .description("Begins a project of your own: configuration, a scenario, a test, continuous integration.")
    .argument("[dir]", "its folder, which is made where it is not there", ".")
    .option("--package <spec>", "where npm finds zpci-hil, in place of a packed one in the project")
    .addHelpText("after", notes)
    .action(async (dir: string, flags: InitFlags) => {
      const folder = resolve(io.workingFolder, dir);
      const paths = await beginProject({ folder, package: flags.package ?? null, signal: io.interrupt });
      const from = relative(io.workingFolder, folder);
      for (const path of paths) io.stdout.write(`${escapeLine(from === "" ? path : `${from}/${path}`)}\n`);
      const enter = from === "" ? "" : `cd ${escapeLine(from)} && `;
      io.stdout.write(`\n${enter}npm install && npx zhil run --scenarios scenarios --bench model\n`);
    });
};
