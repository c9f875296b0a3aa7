/** Functions that a scenario brings along: a module whose default export is one. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import * as z from "zod";
import type { FunctionProfile } from "../../src/trace/profile.ts";
import { UsageError } from "../errors/harness-error.ts";
import { defineFunction, type FunctionDefinition } from "./function-definition.ts";

const word = z.int().min(0).max(0xffff);
const handler = z.custom<() => void>((value) => typeof value === "function", "expected a function");
const register = z.strictObject({
  offset: z.int().min(0),
  size: z.union([z.literal(1), z.literal(2), z.literal(4), z.literal(8)], "expected 1, 2, 4 or 8 bytes"),
  read: handler.optional(),
  write: handler.optional(),
});
const barNumber = z.string().regex(/^[0-5]$/, "expected a BAR's number, 0 to 5");

/** What a module has to export, as far as its shape can be told. */
const functionSchema = z.strictObject({
  identity: z.strictObject({
    vendor: word,
    device: word,
    revision: z.int().min(0).max(0xff).optional(),
    classCode: z.int().min(0).max(0xff_ffff),
    subsystemVendor: word.optional(),
    subsystem: word.optional(),
  }),
  bars: z
    .record(barNumber, z.strictObject({ size: z.int(), registers: z.record(z.string(), register).optional() }))
    .optional(),
  msix: z.strictObject({ vectors: z.int(), bar: z.int().min(0).max(5) }),
  onReset: handler.optional(),
  onMap: handler.optional(),
  onUnmap: handler.optional(),
});

/**
 * Loads the function that is a module.
 * @throws {UsageError} that says what is wrong with the module
 */
export async function loadFunction({
  name,
  module = "",
}: Pick<FunctionProfile, "name" | "module">): Promise<FunctionDefinition> {
  const path = resolve(module);
  const fail = (problem: string, more: { readonly remedy?: string; readonly cause?: unknown } = {}): never => {
    throw new UsageError({ what: `Cannot load function "${name}" from "${module}": ${problem}`, ...more });
  };
  if (/\.[mc]?ts$/u.test(path)) {
    return fail("Node does not run TypeScript", {
      remedy:
        "Compile it to JavaScript, or write it as .mjs with types in comments, as docs/write-a-function.md does",
    });
  }
  if (!existsSync(path)) return fail("there is no such file", { remedy: "Name it as the scenario's file sees it" });
  const loaded = (await import(pathToFileURL(path).href).catch((cause: unknown) => {
    fail(cause instanceof Error ? cause.message : String(cause), { cause });
  })) as { readonly default?: unknown };
  if (loaded.default === undefined)
    return fail("it has no default export", { remedy: "Export the function as default" });
  const checked = functionSchema.safeParse(loaded.default);
  if (!checked.success) {
    const { issues } = checked.error;
    // A mistyped field is missing as well; that it is mistyped says more.
    const issue = issues.find(({ code }) => code === "unrecognized_keys") ?? issues[0];
    return fail(
      `${issue?.path.map(String).join(".") || "its default export"}: ${issue?.message ?? "not a function"}`,
    );
  }
  try {
    return defineFunction(loaded.default as FunctionDefinition);
  } catch (cause) {
    return fail(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}
