import { expect, it } from "vitest";
import { parseForward } from "./find-port.ts";

const heading = `Hub -1 (network):
  Protocol[State]    FD  Source Address  Port   Dest. Address  Port RecvQ SendQ
`;

it("finds the port that leads to the SSH server", () => {
  const line = "  TCP[HOST_FORWARD]  13       127.0.0.1 39217       10.0.2.15    22     0     0\n";
  expect(parseForward(heading + line)).toBe(39217);
});

it("finds none where there is none, or it leads elsewhere", () => {
  expect(parseForward(heading)).toBeNull();
  expect(
    parseForward(`${heading}  TCP[HOST_FORWARD]  13  127.0.0.1 39217  10.0.2.15    23     0     0\n`),
  ).toBeNull();
  expect(parseForward(`${heading}  TCP[HOST_FORWARD]  13  127.0.0.1 0  10.0.2.15    22     0     0\n`)).toBeNull();
});
