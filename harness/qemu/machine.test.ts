import { expect, it } from "vitest";
import { buildCommandLine, type MachineDefinition } from "./machine.ts";

const machine: MachineDefinition = {
  qemu: { argv: ["/opt/ld-linux.so.2", "--library-path", "/opt/lib", "/opt/qemu-system-s390x"], environment: {} },
  kernel: "/cache/bzImage",
  initramfs: "/cache/agent.gz",
  commandLine: "console=ttysclp0 loglevel=5",
  memoryMiB: 512,
  cpus: 2,
  ports: ["zhil.agent"],
};

it("makes a machine whose channels connect to the harness, without any zPCI function", () => {
  expect(buildCommandLine(machine, { folder: "/tmp/zhil-1/m0", sockets: "connect" }).join(" ")).toBe(
    "/opt/ld-linux.so.2 --library-path /opt/lib /opt/qemu-system-s390x -nodefaults -no-user-config -display none " +
      "-action panic=pause,shutdown=pause,reboot=shutdown -machine s390-ccw-virtio -cpu max -m 512 -smp 2 " +
      "-chardev socket,id=console,path=/tmp/zhil-1/m0/console.sock -serial chardev:console " +
      "-chardev socket,id=monitor,path=/tmp/zhil-1/m0/qmp.sock -qmp chardev:monitor " +
      "-device virtio-serial-ccw -chardev socket,id=port0,path=/tmp/zhil-1/m0/zhil.agent.sock " +
      "-device virtserialport,chardev=port0,name=zhil.agent " +
      "-kernel /cache/bzImage -initrd /cache/agent.gz -append console=ttysclp0 loglevel=5",
  );
});

it("makes the same machine for a person, who has the console and connects to it", () => {
  const words = buildCommandLine(machine, { folder: "", sockets: "by-hand" });
  expect(words).toContain("stdio,id=console");
  expect(words).toContain("socket,id=monitor,path=qmp.sock,server=on,wait=off");
});

it("doubles commas in paths, where QEMU would end the option", () => {
  const words = buildCommandLine(machine, { folder: "/tmp/a,b", sockets: "connect" });
  expect(words).toContain("socket,id=monitor,path=/tmp/a,,b/qmp.sock");
});

it("asks for an accelerator where there is one, and else leaves it to QEMU, which emulates", () => {
  const wiring = { folder: "/tmp", sockets: "connect" } as const;
  expect(buildCommandLine({ ...machine, accelerator: "kvm" }, wiring).join(" ")).toContain(
    " -cpu max -accel kvm -m ",
  );
  expect(buildCommandLine(machine, wiring)).not.toContain("-accel");
});

it("begins with a memory of its own, one that others see, or one that is copied on write", () => {
  const wiring = { folder: "/tmp", sockets: "connect" } as const;
  const words = (share: boolean): string =>
    buildCommandLine({ ...machine, memory: { path: "/cache/ram", share }, incoming: true }, wiring).join(" ");
  expect(words(true)).toContain("-object memory-backend-file,id=ram,size=512M,mem-path=/cache/ram,share=on");
  expect(words(false)).toContain("share=off -incoming defer");
  // The saved state has it.
  expect(words(false)).not.toContain("-kernel");
  expect(words(false)).toContain("-machine s390-ccw-virtio,memory-backend=ram");
  expect(buildCommandLine({ ...machine, incoming: true }, wiring).join(" ")).not.toContain("memory-backend");
});
