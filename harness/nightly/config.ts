/** The configuration of a night: its shape, and the machines that it comes to. */
import * as z from "zod";
import { deviceNames } from "../../src/trace/device-kinds.ts";
import { UsageError } from "../errors/harness-error.ts";
import { hostSchema } from "../lpar/host-config.ts";
import { bootKinds } from "../run/boot-kinds.ts";
import { nightBenchNames, type BenchName } from "../run/bench-names.ts";

const names = z.array(z.string().min(1));
const unique = names.min(1).refine((all) => new Set(all).size === all.length, "expected no name twice");

/** What a `zhil.config.ts` exports, checked; `define-config.ts` says what each part means. */
export const nightConfigSchema = z.strictObject({
  kernels: unique.default(["lean"]),
  qemus: unique.default(["newest"]),
  benches: z.array(z.enum(nightBenchNames)).min(1).default(["emulated"]),
  devices: z
    .array(z.enum([...deviceNames, "own", "none", "written"]))
    .min(1)
    .nullable()
    .default(null),
  exclude: z
    .array(
      z.strictObject({
        bench: z.string().optional(),
        kernel: z.string().optional(),
        qemu: z.string().optional(),
        why: z.string().min(1),
      }),
    )
    .default([]),
  scenarios: z
    .strictObject({
      names: names.default([]),
      tags: names.default([]),
      without: names.default([]),
      seeds: names.default([]),
      folder: z.string().nullable().default(null),
    })
    .default({ names: [], tags: [], without: [], seeds: [], folder: null }),
  runners: z
    .array(
      z.strictObject({
        name: z.string().regex(/^[\w.-]+$/u, "expected a word such as big-machine"),
        benches: names.optional(),
        kernels: names.optional(),
        qemus: names.optional(),
        devices: names.optional(),
      }),
    )
    .min(1)
    .default([{ name: "any" }]),
  lpar: hostSchema.optional(),
  attempts: z.int().min(1).max(10).default(3),
  boot: z.enum(bootKinds).default("clone"),
  jobs: z.int().min(1).max(1024).nullable().default(null),
  out: z.string().min(1).default("zhil-nights"),
  keep: z.int().min(2).default(14),
});

/** A configuration, with its defaults. */
export type CheckedConfig = z.output<typeof nightConfigSchema>;

/** What scenarios of a night run on: one cell of its matrix, but for the device, which each scenario has itself. */
export interface NightMachine {
  /** `emulated/lean/newest`: what it is called in reports and in the history. */
  readonly name: string;
  readonly bench: BenchName;
  /** As the configuration has it; empty where the bench has none. */
  readonly kernel: string;
  /** As the configuration has it; empty where the bench has none. */
  readonly qemu: string;
}

/**
 * Checks a configuration.
 * @throws {UsageError} that names every field that is wrong
 */
export function checkConfig(value: unknown, file: string): CheckedConfig {
  const checked = nightConfigSchema.safeParse(value);
  if (checked.success) return checked.data;
  // A name that is misspelt is one too many and one too few.
  const wrong = checked.error.issues.map(({ path, message }) =>
    path.length === 0 ? message : `${path.map(String).join(".")}: ${message}`,
  );
  throw new UsageError({
    what: `Cannot use the configuration "${file}": ${wrong.join("; ")}`,
    remedy: "docs/nightly.md says what it may have, and docs/hardware.md what of a real host",
  });
}

/**
 * The machines of a configuration, in its order.
 * @throws {UsageError} where none is left
 */
export function listMachines({ benches, kernels, qemus, exclude }: CheckedConfig): readonly NightMachine[] {
  const every = benches.flatMap((bench): readonly NightMachine[] =>
    bench === "model"
      ? [{ name: "model", bench, kernel: "", qemu: "" }]
      : kernels.flatMap((kernel) =>
          qemus.map((qemu) => ({ name: `${bench}/${kernel}/${qemu}`, bench, kernel, qemu })),
        ),
  );
  const machines = every.filter(
    (machine) =>
      !exclude.some(
        ({ bench = machine.bench, kernel = machine.kernel, qemu = machine.qemu }) =>
          bench === machine.bench && kernel === machine.kernel && qemu === machine.qemu,
      ),
  );
  if (machines.length > 0) return machines;
  throw new UsageError({ what: "Nothing to run: the configuration excludes every machine that it names" });
}
