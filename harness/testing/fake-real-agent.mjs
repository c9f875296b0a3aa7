/** An agent for a fake host: binds functions of its tree, looks at them, says yes to all else, and does what its orders are. */
import { existsSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

const tree = process.env.FAKE_TREE;
const functions = new Map();
const orders = existsSync(join(tree, "orders")) ? readFileSync(join(tree, "orders"), "utf8").trim() : "";

const send = (message) => {
  const body = Buffer.from(JSON.stringify(message));
  const header = Buffer.alloc(4);
  header.writeUInt32BE(body.length);
  process.stdout.write(Buffer.concat([header, body]));
};
const deviceOf = (name) => join(tree, "sys/bus/pci/devices", functions.get(name));
const driverOf = (name) => {
  const link = join(deviceOf(name), "driver");
  return existsSync(link) ? basename(readlinkSync(link)) : null;
};
const release = (name) => rmSync(join(deviceOf(name), "driver"), { force: true });

function perform({ op, function: name, address }) {
  if (op === "define-function") functions.set(name, address);
  if (op === "bind") {
    release(name);
    symlinkSync(join(tree, "sys/bus/pci/drivers/vfio-pci"), join(deviceOf(name), "driver"));
  }
  if (op === "unbind") {
    if (driverOf(name) === null) return "ENOENT";
    release(name);
  }
  return "OK";
}

function serve(request) {
  if (orders === `hang ${request.op}`) return;
  if (orders === `die ${request.op}`) process.exit(1);
  if (orders === `reboot ${request.op}`) {
    release(request.function);
    symlinkSync(join(tree, "sys/bus/pci/drivers/nvme"), join(deviceOf(request.function), "driver"));
    writeFileSync(join(tree, "proc/sys/kernel/random/boot_id"), "22222222-2222-4222-8222-222222222222\n");
    process.exit(1);
  }
  const result = perform(request);
  const views = [...functions.keys()].map((name) => [
    name,
    { driver: driverOf(name), handle: "0x80000001", counters: null },
  ]);
  const others = ["err fid:7777, fh:1, pec:4"];
  const log = [{ level: 6, text: "eth7: a link of somebody else is up, 192.0.2.7" }];
  send({
    id: request.id,
    result,
    values: {},
    micros: 1,
    functions: Object.fromEntries(views),
    messages: others,
    log,
    dropped: 0,
    memory: {},
  });
}

send({ hello: 1, kernel: "7.2.13", agent: "fake", cpus: 1 });
let pending = Buffer.alloc(0);
process.stdin.on("data", (chunk) => {
  pending = Buffer.concat([pending, chunk]);
  while (pending.length >= 4 && pending.length >= 4 + pending.readUInt32BE(0)) {
    const end = 4 + pending.readUInt32BE(0);
    serve(JSON.parse(pending.subarray(4, end).toString("utf8")));
    pending = pending.subarray(end);
  }
});
process.stdin.on("end", () => process.exit(0));
