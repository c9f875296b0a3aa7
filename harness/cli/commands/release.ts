import { releaseHost, leaseSeconds } from "../../lpar/host-lease.ts";
import { escapeLine } from "../../report/escape.ts";
import type { RegisterCommand } from "../command.ts";
import { configOption } from "../options.ts";
import { readRealHost } from "../read-real-host.ts";

interface ReleaseFlags {
  readonly config?: string;
  readonly force?: true;
}

const notes = `
A run puts them back itself, also when it is interrupted, and the next one does it for one that was killed: this is for whoever wants no next
one. A run that still beats (${leaseSeconds} s) is left alone.`;

/** `zhil release` */
export const registerRelease: RegisterCommand = (program, { io }) => {
  program
    .command("release")
    .description("Puts the functions of a real host back as they were before a run that was killed.")
    .addOption(configOption())
    .option("--force", "also where the run that has them beat a moment ago")
    .addHelpText("after", notes)
    .action(async (flags: ReleaseFlags) => {
      const { host, config } = await readRealHost(flags.config ?? null, io);
      // Loaded when it is wanted: it brings what speaks SSH.
      const { HostSession } = await import("../../lpar/host-session.ts");
      using session = new HostSession(host);
      const place = { config, connect: (signal: AbortSignal) => session.connect(signal) };
      const { functions, rebooted } = await releaseHost(place, flags.force === true ? 0 : leaseSeconds, io.interrupt);
      for (const each of functions) io.stdout.write(`back: ${escapeLine(each)}\n`);
      if (rebooted) io.stdout.write("The host has booted since, and has everything as it is at a boot\n");
      else if (functions.length === 0) io.stdout.write("Nothing was left there\n");
    });
};
