import { once } from "node:events";
import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, it } from "vitest";
import { ClosedError, InfrastructureError, TimeLimitError } from "../errors/harness-error.ts";
import { startFakeSshHost, type FakeBehaviour, type FakeSshHost } from "../testing/fake-ssh-host.ts";
import { fingerprintOf, parseKnownKey } from "./host-key.ts";
import { makeKeyPair } from "./make-key.ts";
import { SshClient } from "./ssh-client.ts";

const { signal } = new AbortController();

async function withHost(
  behaviour: FakeBehaviour,
  test: (client: SshClient, fake: FakeSshHost) => Promise<void>,
  open = 20_000,
): Promise<void> {
  await using fake = await startFakeSshHost(behaviour);
  using client = await SshClient.connect(fake.host, signal, { open });
  await test(client, fake);
}

async function failureOf(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => new Error("It did not fail"),
    (error: unknown) => error as Error,
  );
}

it("runs a command, and tells its code and what it wrote", async () => {
  const onCommand: FakeBehaviour["onCommand"] = (line, channel) => {
    channel.on("data", (input: Buffer) => {
      channel.stdout.write(`${line}: ${input.toString()}`);
      channel.stderr.write("warned");
      channel.exit(3);
      channel.end();
    });
  };
  await withHost({ onCommand }, async (client) => {
    const result = await client.run(["cat", "-n"], { signal, limit: 5_000, input: "hello" });
    expect(result).toEqual({ code: 3, signal: null, stdout: "cat -n: hello", stderr: "warned" });
  });
});

it("proves its key and offers nothing else, where it is let in and where it is not", async () => {
  await withHost({}, async (_, { tried }) => {
    expect(new Set(tried)).toEqual(new Set(["publickey"]));
    await nextTurn();
  });
  await using fake = await startFakeSshHost();
  const stranger = { ...fake.host, identity: { privateKey: makeKeyPair().privateKey } };
  const failure = await failureOf(SshClient.connect(stranger, signal));
  expect(failure.message).toMatch(/does not let "tester" in with our key$/u);
  expect(new Set(fake.tried)).toEqual(new Set(["publickey"]));
});

it("has nothing to do with a host whose key is another than the one that is known", async () => {
  await using fake = await startFakeSshHost();
  const known = parseKnownKey(makeKeyPair().publicKey);
  const failure = await failureOf(SshClient.connect({ ...fake.host, hostKey: known }, signal));
  const [presented, expected] = [fake.host.hostKey, known].map(({ blob }) => fingerprintOf(blob));
  expect(failure).toBeInstanceOf(InfrastructureError);
  expect(failure.message).toMatch(`it has the key ${presented!}, and ${expected!} is known of it`);
  // Nobody proved anything to it.
  expect(fake.tried).toEqual([]);
});

it("notices a key that changes between two connections", async () => {
  await using first = await startFakeSshHost();
  (await SshClient.connect(first.host, signal))[Symbol.dispose]();
  await using second = await startFakeSshHost();
  const moved = { ...first.host, port: second.host.port };
  expect((await failureOf(SshClient.connect(moved, signal))).message).toMatch("is known of it");
});

it("says so where nobody listens, where the host hangs, and where it ends the connection at once", async () => {
  const fake = await startFakeSshHost();
  await fake[Symbol.asyncDispose]();
  expect((await failureOf(SshClient.connect(fake.host, signal))).message).toMatch(
    /^Cannot connect to host "tester@/u,
  );

  await using silent = await startFakeSshHost({ onConnection: () => true });
  expect(await failureOf(SshClient.connect(silent.host, signal, { connect: 100 }))).toBeInstanceOf(TimeLimitError);
  await expect.poll(() => silent.connections()).toBe(0);

  await using rude = await startFakeSshHost({ onConnection: (socket) => socket.destroy().destroyed });
  expect(await failureOf(SshClient.connect(rude.host, signal))).toBeInstanceOf(ClosedError);
});

it("is no SSH client to what speaks something else", async () => {
  const onConnection: FakeBehaviour["onConnection"] = (socket) => socket.write("HTTP/1.1 400 Bad Request\r\n\r\n");
  await using fake = await startFakeSshHost({ onConnection });
  const failure = await failureOf(SshClient.connect(fake.host, signal, { connect: 300 }));
  expect(failure.message).toMatch(/Cannot connect|Waited/u);
});

it("lets go of the connection where it is called off", async () => {
  await using fake = await startFakeSshHost({ onConnection: () => true });
  const calledOff = new AbortController();
  const connecting = failureOf(SshClient.connect(fake.host, calledOff.signal));
  await expect.poll(() => fake.connections()).toBe(1);
  const reason = new Error("called off");
  calledOff.abort(reason);
  expect(await connecting).toBe(reason);
  await expect.poll(() => fake.connections()).toBe(0);
});

it.each([
  ["before a word", (): void => undefined],
  ["in the middle of its output", (write: (text: string) => unknown): void => void write("half")],
])("refuses to guess how a command ended whose connection is dropped %s", async (_, begin) => {
  const onCommand: FakeBehaviour["onCommand"] = (_line, channel, connection) => {
    begin((text) => channel.write(text));
    setImmediate(() => connection.end());
  };
  await withHost({ onCommand }, async (client) => {
    expect(await failureOf(client.run(["true"], { signal, limit: 5_000 }))).toBeInstanceOf(ClosedError);
    expect(client.closed.aborted).toBe(true);
    expect(await failureOf(client.run(["true"], { signal, limit: 5_000 }))).toBeInstanceOf(ClosedError);
  });
});

it("refuses to guess how a command ended whose channel closes without a word", async () => {
  await withHost({ onCommand: (_, channel) => channel.end() }, async (client) => {
    const failure = await failureOf(client.run(["true"], { signal, limit: 5_000 }));
    expect(failure.message).toMatch('Cannot tell how "true" ended');
  });
});

it("tells the signal that ended a command", async () => {
  const onCommand: FakeBehaviour["onCommand"] = (_, channel) => {
    channel.exit("KILL", false, "");
    channel.end();
  };
  await withHost({ onCommand }, async (client) => {
    expect(await client.run(["true"], { signal, limit: 5_000 })).toMatchObject({ code: null, signal: "SIGKILL" });
  });
});

it("does not miss the end of a command that is over as soon as it begins", async () => {
  const onCommand: FakeBehaviour["onCommand"] = (line, channel) => {
    channel.exit(Number(line.split(" ")[1]));
    channel.end();
  };
  await withHost({ onCommand }, async (client) => {
    const codes = await Promise.all(
      Array.from({ length: 40 }, (_, code) => client.run(["exit", String(code)], { signal, limit: 20_000 })),
    );
    expect(codes.map(({ code }) => code)).toEqual(Array.from({ length: 40 }, (_, code) => code));
  });
});

it("gives up on a command without end, and on one that never stops talking, and closes their channels", async () => {
  let closed = 0;
  const onCommand: FakeBehaviour["onCommand"] = (line, channel) => {
    channel.resume().on("close", () => (closed += 1));
    if (line === "yes") channel.write("y\n".repeat(1000));
  };
  await withHost({ onCommand }, async (client) => {
    expect(await failureOf(client.run(["sleep"], { signal, limit: 50 }))).toBeInstanceOf(TimeLimitError);
    const failure = await failureOf(client.run(["yes"], { signal, limit: 5_000, output: 100 }));
    expect(failure.message).toBe('Cannot keep what "yes" writes: more than 100 bytes');
    await expect.poll(() => closed).toBe(2);
  });
});

it("runs no command that a shell would take for something else", async () => {
  await withHost({ onCommand: () => expect.unreachable() }, async (client) => {
    const failure = await failureOf(client.run(["rm", "-r", "/tmp/x; reboot"], { signal, limit: 5_000 }));
    expect(failure.message).toMatch("would mean something to the shell");
  });
});

it("reaches a socket of the host, both ways, until the connection ends", async () => {
  const onSocket: FakeBehaviour["onSocket"] = (path) =>
    path === "/run/echo.sock" ? (channel): void => void channel.pipe(channel) : null;
  await withHost({ onSocket }, async (client) => {
    const channel = await client.connectTo("/run/echo.sock", signal);
    channel.write("ping");
    expect(String((await once(channel, "data"))[0])).toBe("ping");
    const closed = once(channel, "close");
    client[Symbol.dispose]();
    await closed;
    const refused = await failureOf(client.connectTo("/run/echo.sock", signal));
    expect(refused.message).toMatch("ended here");
  });
});

it("has a channel closed whose other end has nothing more to say, as that of a process that has died", async () => {
  // A server that waits for our end of it, as dropbear does.
  const onSocket: FakeBehaviour["onSocket"] = () => (channel) => {
    channel.resume();
    channel.write("last words", () => {
      channel.eof();
    });
  };
  await withHost({ onSocket }, async (client) => {
    const channel = await client.connectTo("/run/dying.sock", signal);
    const closed = once(channel, "close", { signal: AbortSignal.timeout(5_000) });
    expect(String((await once(channel, "data"))[0])).toBe("last words");
    await closed;
  });
});

it("says which socket nobody listens on", async () => {
  await withHost({}, async (client) => {
    const failure = await failureOf(client.connectTo("/run/none.sock", signal));
    expect(failure.message).toMatch(/^Cannot connect to "\/run\/none.sock" on host "tester@/u);
  });
});

it("waits no longer than its limit for a host that opens no channel", async () => {
  const test = async (client: SshClient): Promise<void> => {
    expect(await failureOf(client.run(["true"], { signal, limit: 60_000 }))).toBeInstanceOf(TimeLimitError);
  };
  await withHost({ answersChannels: false }, test, 100);
});
