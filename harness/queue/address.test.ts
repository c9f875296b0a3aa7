import { expect, it } from "vitest";
import { parseQueueAddress } from "./address.ts";

it.each([
  ["redis://lab", { host: "lab", port: 6379, db: 0, shown: "redis://lab" }],
  ["redis://[::1]:7000/2", { host: "::1", port: 7000, db: 2, shown: "redis://[::1]:7000/2" }],
  ["unix:/run/queue.sock", { path: "/run/queue.sock", db: 0, shown: "unix:/run/queue.sock" }],
  [
    "rediss://me:s%3Ccret@lab:1/",
    { host: "lab", port: 1, db: 0, username: "me", password: "s<cret", tls: {}, shown: "rediss://lab:1/" },
  ],
])("reads %s", (text, address) => {
  expect(parseQueueAddress(text)).toEqual(address);
});

it.each(["lab:6379", "http://lab", "redis://", "unix:queue.sock", "redis://lab/name", "", "redis://a:secret@lab/x"])(
  'refuses "%s", and shows no password',
  (text) => {
    expect(() => parseQueueAddress(text)).toThrow("Cannot read the queue's address");
    expect(() => parseQueueAddress(text)).not.toThrow("secret");
  },
);
