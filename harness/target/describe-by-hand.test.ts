import { expect, it } from "vitest";
import { fakePlan } from "../testing/fake-plan.ts";
import { describeByHand } from "./describe-by-hand.ts";

it("says how to have the same machine without the project", () => {
  const qemu = { argv: ["/opt/qemu-system-s390x"] as const, environment: { QEMU_MODULE_DIR: "/opt/my modules" } };
  const lines = describeByHand({ profile: fakePlan.profile, qemu, kernel: "/k", initramfs: "/i" }, fakePlan);
  expect(lines).toEqual([
    "truncate --size=1M medium-32.raw",
    "env 'QEMU_MODULE_DIR=/opt/my modules' /opt/qemu-system-s390x -nodefaults -no-user-config -display none " +
      "-action panic=pause,shutdown=pause,reboot=shutdown -machine s390-ccw-virtio -cpu max -m 512 -smp 1 -chardev stdio,id=console -serial chardev:console " +
      "-chardev socket,id=monitor,path=qmp.sock,server=on,wait=off -qmp chardev:monitor " +
      "-device virtio-serial-ccw -chardev socket,id=port0,path=zhil.agent.sock,server=on,wait=off " +
      "-device virtserialport,chardev=port0,name=zhil.agent " +
      "-chardev socket,id=port1,path=zhil.watch.sock,server=on,wait=off " +
      "-device virtserialport,chardev=port1,name=zhil.watch -kernel /k -initrd /i " +
      "-append 'console=ttysclp0 loglevel=5 panic_on_oops=1 nokaslr'",
    "# then, on the monitor's socket:",
    '# {"execute":"qmp_capabilities"}',
    '# {"execute":"blockdev-add","arguments":{"driver":"raw","node-name":"medium-32","file":{"driver":"file","filename":"medium-32.raw"}}}',
    '# {"execute":"device_add","arguments":{"driver":"zpci","id":"zpci-a","uid":5,"fid":32,"target":"function-a"}}',
    '# {"execute":"device_add","arguments":{"driver":"nvme","serial":"zhil-a","drive":"medium-32","logical_block_size":4096,"physical_block_size":4096,"id":"function-a"}}',
  ]);
});

it("asks for the accelerator that the run has", () => {
  const qemu = { argv: ["/opt/qemu-system-s390x"] as const, environment: {} };
  const options = { profile: fakePlan.profile, qemu, kernel: "/k", initramfs: "/i" };
  expect(describeByHand({ ...options, accelerator: "kvm" }, fakePlan)[1]).toContain(" -accel kvm ");
  expect(describeByHand(options, fakePlan)[1]).not.toContain("-accel");
});
