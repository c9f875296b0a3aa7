import { expect, it } from "vitest";
import { spellCommand } from "../ssh/spell-command.ts";
import { emulatedCommandLine } from "../target/emulated-options.ts";
import { startCommand, writeConfiguration } from "./guest-machine.ts";

const guest = { memoryMiB: 512, commandLine: emulatedCommandLine };

it("is started by a command that no shell takes for anything else", () => {
  const line = spellCommand(startCommand(guest));
  expect(line).toMatch(/^\/usr\/bin\/qemu-system-s390x -daemonize /u);
  expect(line).toContain("-m 512 -smp 1");
  expect(line).toContain("socket,id=monitor,path=/run/zhil/qmp.sock,server=on,wait=off");
});

it("is told its kernel's command line in a file, as it is", () => {
  expect(writeConfiguration(guest)).toContain(`  append = "${emulatedCommandLine}"\n`);
});

it.each(['a"b', "a\nb", "x".repeat(1000)])("refuses a command line that the file cannot hold", (commandLine) => {
  expect(() => writeConfiguration({ ...guest, commandLine })).toThrow("Cannot give a guest the kernel command line");
});
