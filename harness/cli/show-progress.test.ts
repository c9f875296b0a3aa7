import { expect, it } from "vitest";
import { createScreen } from "../report/screen.ts";
import { showProgress } from "./show-progress.ts";

it("takes the line at the bottom back before anything else is printed", () => {
  let text = "";
  const output = {
    isTerminal: true,
    columns: 80,
    write: (part: string) => {
      text += part;
    },
  };
  const screen = createScreen(output, false);
  const report = showProgress(output, screen);
  screen.status("[0/2] first");
  report({ kind: "step", text: "Freezing a booted kernel" });
  screen.status("[1/2] second");
  expect(text).toBe("[0/2] first\r\u001b[2KFreezing a booted kernel\n[1/2] second");
});
