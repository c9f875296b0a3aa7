#!/usr/bin/env node
// A QEMU of a few lines for tests: speaks QMP and the agent's protocol, and has the bad days that FAKE_QEMU asks for.
//
// It can be frozen and thawed, by way of files.
//
// FAKE_QEMU is JSON: { "start": …, "boot": …, "on": { "<operation>": … }, "unplug": …, "restart": …, "clones": …,
//                      "ignoreSigterm": true,
//                      "fate": { "whose": …, "phase": …, "signal": …, "token": path }, "log": path }
//   start  "dies" with a message, "stays-silent" without connecting, "no-greeting", "garbled-greeting",
//          "dies-late" with a message, its sockets connected
//   boot   "panics", "stays-silent" without a hello, "worker-dies"
//   on     "panic", "panic-after" the answer, "hang" in a system call, "compute" for ever, "idle" (request lost),
//          "silence" (nobody answers), "die", "power-off", "worker-dies", "oversized", "malformed", "nonsense", "refuse",
//          "warns" on its console after the answer, or an errno's name
//   unplug "never": the guest keeps its functions
//   restart "never": the kernel keeps the worker; "dies": the new worker does; "stays-silent": it says no hello
//   fate   the one machine that gets hold of the file "token" sends itself a signal when it comes to a phase: "spawn",
//          "boot", "load", "first answer", "plug", "operations", "teardown", "save"; whose: "template" or "clone"
//   clones "only on trial": of a template that is published none answers well
//   log    file to which it adds a line for each phase it comes to, of every machine
import { appendFileSync, closeSync, ftruncateSync, openSync, readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import process from "node:process";

const day = JSON.parse(process.env.FAKE_QEMU ?? "{}");
const panicText = [
  "Unable to handle kernel pointer dereference in virtual kernel address space\r\n",
  "Oops: 0038 ilc:2 [#1]SMP\r\n",
  "Krnl PSW : 0704c00180000000 000003ffe012e89c (s390_iommu_attach_device+0x2c/0x1d0)\r\n",
  "Kernel panic - not syncing: Fatal exception: panic_on_oops\r\n",
].join("");

const words = process.argv.join(" ");
const whose = words.includes("-incoming") ? "clone" : "template";
const memory = /mem-path=([^,]+)/.exec(words)?.[1];
const state = "the state of a machine";

function enter(phase) {
  if (day.log !== undefined) appendFileSync(day.log, `${whose} ${phase}\n`);
  if (day.fate?.phase !== phase || day.fate.whose !== whose) return;
  try {
    unlinkSync(day.fate.token);
  } catch {
    return;
  }
  process.kill(process.pid, day.fate.signal);
}

enter("spawn");
if (memory !== undefined && whose === "template") {
  const file = openSync(memory, "w");
  ftruncateSync(file, 4096);
  closeSync(file);
}
if (day.ignoreSigterm) process.on("SIGTERM", () => undefined);
if (day.start === "dies") {
  process.stderr.write("qemu-system-s390x: -machine nonsense: unsupported machine type\n");
  process.exit(1);
}
// A guest that runs keeps its QEMU alive.
setInterval(() => undefined, 1_000_000);
if (day.start !== "stays-silent") connectAll();

function connectAll() {
  const sockets = new Map();
  for (const [index, word] of process.argv.entries()) {
    const [, id, path] = /^socket,id=([^,]+),path=(.+)$/.exec(process.argv[index + 1] ?? "") ?? [];
    if (word === "-chardev" && id !== undefined) sockets.set(id, createConnection(path.replaceAll(",,", ",")));
  }
  const portOf = (name) => {
    const device = process.argv.find((word) => word.startsWith("virtserialport,") && word.endsWith(`,name=${name}`));
    return sockets.get(/chardev=([^,]+)/.exec(device ?? "")?.[1]);
  };
  serve(sockets.get("monitor"), sockets.get("console"), portOf("zhil.agent"), portOf("zhil.watch"));
}

function serve(monitor, terminal, agent, watch) {
  const tell = (message) => monitor.write(`${JSON.stringify(message)}\r\n`);
  const event = (name, data = {}) => tell({ timestamp: { seconds: 1, microseconds: 0 }, event: name, data });
  if (day.start === "dies-late") {
    monitor.once("connect", () => {
      monitor.destroy();
      setTimeout(() => process.stderr.write("qemu-system-s390x: out of luck\n", () => process.exit(1)), 50);
    });
    return;
  }
  if (day.start === "garbled-greeting") monitor.write("Welcome!\n");
  else if (day.start !== "no-greeting") {
    tell({ QMP: { version: { qemu: { major: 11, minor: 1, micro: 3 }, package: "fake" }, capabilities: [] } });
  }
  onLines(monitor, (line) => {
    const { execute, arguments: fields, id } = JSON.parse(line);
    const phases = { device_add: "plug", "query-status": "teardown", "migrate-incoming": "load", migrate: "save" };
    if (execute in phases) enter(phases[execute]);
    tell({ return: answerTo(execute), id });
    if (execute === "migrate") {
      writeFileSync(fields.uri.slice("file:".length), state);
      event("MIGRATION", { status: "completed" });
    } else if (execute === "migrate-incoming") {
      const loaded = readFileSync(fields.uri.slice("file:".length), "utf8");
      if (loaded !== state)
        process.stderr.write("qemu-system-s390x: load of migration failed\n", () => process.exit(1));
      else event("MIGRATION", { status: "completed" });
    }
    if (execute === "device_del" && day.unplug !== "never") event("DEVICE_DELETED", { device: fields.id, path: "/" });
    if (execute === "qmp_capabilities") boot();
  });

  function answerTo(command) {
    if (command === "query-status") return { status, running: status === "running" };
    if (command === "query-migrate-capabilities") {
      return ["events", "x-ignore-shared"].map((capability) => ({ capability, state: false }));
    }
    return command === "human-monitor-command" ? "\r\nCPU#0\r\nPSW=mask 0706c00180000000 addr 0 cc 00\r\n" : {};
  }

  // As with "-action panic=pause,shutdown=pause": what remains is a machine that stands still.
  let status = "running";
  const panic = () => {
    terminal.write(panicText);
    event("GUEST_PANICKED", { action: "pause" });
    status = "guest-panicked";
  };
  const hello = () => frame(agent, { hello: 1, kernel: "7.2.13", agent: "fake", cpus: 1 });
  const workerDies = () => frame(watch, { id: 0, worker: { state: "killed", signal: 11 }, stack: [], syscall: "" });

  function boot() {
    if (whose === "clone") return;
    enter("boot");
    terminal.write("Linux version 7.2.13\r\n");
    if (day.boot === "panics") panic();
    else if (day.boot === "worker-dies") workerDies();
    else if (day.boot !== "stays-silent") hello();
  }

  let functions = {};
  let stuck = null;
  const stacks = {
    hang: { stack: ["[<0>] __wait_rcu_gp+0x12c/0x160", "[<0>] synchronize_rcu+0x8a/0xc0"], syscall: "54 0x5 0x3b77" },
    compute: { stack: [], syscall: "running" },
    idle: { stack: ["[<0>] port_fops_read+0x1e8/0x2a0"], syscall: "3 0x3 0x0" },
  };
  onFrames(watch, ({ id, op }) => {
    if (stuck === "silence" || (op === "restart" && day.restart === "never")) return;
    if (op === "restart") {
      functions = {};
      if (day.restart === undefined) hello();
    }
    frame(watch, { id, worker: { state: "running" }, stack: [], syscall: "", uptime: 2, ...stacks[stuck] });
    if (op === "restart" && day.restart === "dies") workerDies();
  });
  onFrames(agent, ({ id, op, ...fields }) => {
    if (op === "define-function") functions[fields.function] = { driver: null, handle: "0x80020000", counters: null };
    if (op === "seed") enter("first answer");
    else if (!op.startsWith("define-") && op !== "quit") enter("operations");
    const refused = op === "seed" && day.clones === "only on trial" && !memory?.includes(".unfinished");
    const mood = refused ? "EPERM" : day.on?.[op];
    const answer = { id, values: {}, micros: 5, functions, messages: [], log: [], dropped: 0, memory: {} };
    if (mood === "warns") {
      frame(agent, { ...answer, result: "OK" });
      terminal.write(
        "WARNING: drivers/vfio/vfio_main.c:1 at vfio_device_put_registration+0x2/0x8, CPU#0: agent/33\r\n",
      );
    } else if (mood === "panic-after") {
      frame(agent, { ...answer, result: "OK" });
      panic();
    } else if (mood === "panic") panic();
    else if (mood in stacks || mood === "silence") stuck = mood;
    else if (mood === "die") {
      process.stderr.write("qemu-system-s390x: terminating on a whim\n", () => process.kill(process.pid, "SIGKILL"));
    } else if (mood === "power-off") {
      event("SHUTDOWN", { guest: true, reason: "guest-shutdown" });
      status = "shutdown";
    } else if (mood === "worker-dies") workerDies();
    else if (mood === "oversized") agent.write(Buffer.from([0, 0x10, 0, 1, 0x7b]));
    else if (mood === "malformed") agent.write(Buffer.from([0, 0, 0, 2, 0x7b, 0x7b]));
    else if (mood === "nonsense") frame(agent, { ...answer, result: 7 });
    else if (mood === "refuse") frame(agent, { id, error: "Unknown operation" });
    else {
      frame(agent, { ...answer, result: mood ?? "OK" });
      if (op === "quit") frame(watch, { id: 0, worker: { state: "exited", code: 0 }, stack: [], syscall: "" });
    }
  });
}

function frame(socket, message) {
  const body = Buffer.from(JSON.stringify(message));
  const header = Buffer.alloc(4);
  header.writeUInt32BE(body.length);
  socket.write(Buffer.concat([header, body]));
}

function onFrames(socket, receive) {
  let pending = Buffer.alloc(0);
  socket.on("data", (chunk) => {
    pending = Buffer.concat([pending, chunk]);
    while (pending.length >= 4 && pending.length >= 4 + pending.readUInt32BE(0)) {
      const end = 4 + pending.readUInt32BE(0);
      receive(JSON.parse(pending.subarray(4, end).toString()));
      pending = pending.subarray(end);
    }
  });
}

function onLines(socket, receive) {
  let pending = "";
  socket.on("data", (chunk) => {
    const lines = (pending + chunk.toString()).split("\n");
    pending = lines.pop();
    for (const line of lines) if (line.trim() !== "") receive(line);
  });
}
