#!/usr/bin/env node
// A QEMU of a few lines that can be frozen and thawed: it has a monitor that migrates, and an agent.
//
// FAKE_QEMU is JSON: { "version": [7, 2, 22], "capabilities": [ … ], "boot": …, "busy": n, "save": …, "clone": …,
// "cloneOnFile": …, "log": path }
//   version, capabilities  what its monitor says of itself
//   boot   "dies" before a hello
//   busy   how many times its processor is found at work before it is at rest
//   save   "fails", "endless": writes until the other side has had enough
//   clone  what the agent of a clone answers, "silent" for nothing; cloneOnFile where the clone's RAM is a file
//   log    file to which it adds a line of JSON for each start, with its command line, and for each command
import { appendFileSync, closeSync, openSync, readFileSync, ftruncateSync, writeFileSync } from "node:fs";
import { createConnection, createServer } from "node:net";
import process from "node:process";

const day = JSON.parse(process.env.FAKE_QEMU);
const [major, minor, micro] = day.version;
const state = "the state of a machine";
const words = process.argv.slice(2);
let busy = day.busy ?? 0;
const isClone = words.includes("-incoming");
const memory = /mem-path=([^,]+)/.exec(words.join(" "))?.[1];
const log = (line) => day.log !== undefined && appendFileSync(day.log, `${JSON.stringify(line)}\n`);
const connect = (id) => {
  const path = new RegExp(`socket,id=${id},path=(\\S+)`).exec(words.join(" "))[1];
  return createConnection(path);
};

log({ start: words.join(" ") });
if (memory !== undefined && !isClone) {
  const file = openSync(memory, "w");
  ftruncateSync(file, 4096);
  closeSync(file);
}
connect("console");
const agent = connect("port0");
const monitor = connect("monitor");
const tell = (message) => monitor.write(`${JSON.stringify(message)}\n`);
const migrated = (status) => tell({ event: "MIGRATION", data: { status } });
const frame = (message) => {
  const body = Buffer.from(JSON.stringify(message));
  const header = Buffer.alloc(4);
  header.writeUInt32BE(body.length);
  agent.write(Buffer.concat([header, body]));
};

tell({ QMP: { version: { qemu: { major, minor, micro }, package: "fake" }, capabilities: [] } });
monitor.on("close", () => process.exit());
let pending = "";
monitor.on("data", (chunk) => {
  const lines = (pending + chunk.toString()).split("\n");
  pending = lines.pop();
  for (const line of lines.filter(Boolean)) receive(JSON.parse(line));
});

function receive({ execute, arguments: fields, id }) {
  log({ execute, ...fields });
  if (execute === "query-migrate-capabilities") {
    tell({ return: day.capabilities.map((capability) => ({ capability, state: false })), id });
    if (day.boot === "dies") monitor.end();
  } else if (execute === "human-monitor-command") {
    const mask = busy-- > 0 ? "0404c00180000000" : "0706c00180000000";
    tell({ return: `\r\nCPU#0\r\nPSW=mask ${mask} addr 000003ffe0433822 cc 00\r\n`, id });
  } else if (execute === "migrate-incoming" && fields.uri.startsWith("unix:")) {
    const server = createServer((socket) => {
      let received = "";
      socket.on("data", (chunk) => (received += chunk.toString()));
      socket.on("end", () => load(received));
    });
    server.listen(fields.uri.slice("unix:".length), () => tell({ return: {}, id }));
  } else {
    tell({ return: {}, id });
    if (execute === "qmp_capabilities" && !isClone && day.boot !== "dies") {
      frame({ hello: 1, kernel: "7.2.13", agent: "fake", cpus: 1 });
    }
    if (execute === "migrate") save(fields.uri);
    if (execute === "migrate-incoming") load(readFileSync(fields.uri.slice("file:".length), "utf8"));
  }
}

function load(received) {
  if (received === state) migrated("completed");
  else {
    process.stderr.write(`qemu-system-s390x: load of migration failed\n`);
    process.exit(1);
  }
}

function save(uri) {
  if (day.save === "fails") migrated("failed");
  else if (uri.startsWith("file:")) {
    writeFileSync(uri.slice("file:".length), state);
    migrated("completed");
  } else {
    const socket = createConnection(uri.slice("unix:".length));
    socket.on("error", () => undefined);
    socket.on("close", (failed) => migrated(failed || day.save === "endless" ? "failed" : "completed"));
    const flood = () => {
      while (socket.write(Buffer.alloc(1024 * 1024)));
    };
    if (day.save !== "endless") socket.end(state);
    else socket.on("connect", flood).on("drain", flood);
  }
}

agent.on("data", (chunk) => {
  const result = !isClone ? "OK" : ((memory === undefined ? undefined : day.cloneOnFile) ?? day.clone ?? "OK");
  if (result === "silent") return;
  const { id } = JSON.parse(chunk.subarray(4).toString());
  frame({ id, result, values: {}, micros: 5, functions: {}, messages: [], log: [], dropped: 0, memory: {} });
});
