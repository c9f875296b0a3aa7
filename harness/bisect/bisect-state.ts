/** What a bisection has on disk: all that was found, after every step whole. Whatever ends it, the next call goes on from there. */
import { open, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import type { Findings, Tally } from "../../src/bisect/belief.ts";
import { signatureSchema } from "../../src/bisect/signature.ts";
import { InfrastructureError, UsageError } from "../errors/harness-error.ts";
import { makeFolders } from "../lifecycle/make-folders.ts";

const stateVersion = 1;
const stateFile = "state.json";

const at = z.iso.datetime().describe("UTC");
const seconds = z.number();
const commit = z.string();

/** A kernel that was had. */
const builtSchema = z.strictObject({
  kind: z.literal("built"),
  ...{ commit, at, seconds },
  digest: z.string().describe('"sha256:…" of the image'),
  image: z.string().describe("Path of the image"),
});

/** A commit that tells nothing. */
const untestableSchema = z.strictObject({
  kind: z.literal("untestable"),
  ...{ commit, at, seconds },
  why: z.enum(["build", "boot", "scenario", "error"]).describe("What kept it from an answer"),
  reason: z.string().describe("In one line or a few"),
});

/** A run that gave an answer. */
const runSchema = z.strictObject({
  kind: z.literal("run"),
  ...{ commit, at, seconds },
  sight: z.enum(["seen", "absent"]).describe("Whether it showed the failure sought"),
  verdict: z.string(),
  reason: z.string().nullable(),
  evidence: z.string().describe("Folder of the evidence"),
});

const eventSchema = z.discriminatedUnion("kind", [builtSchema, untestableSchema, runSchema]);

/** Something that was found. */
export type BisectEvent = z.output<typeof eventSchema>;

/** What is looked for: another one is another bisection. */
export const requestSchema = z.strictObject({
  repository: z.string(),
  find: z.enum(["bad", "fix"]),
  base: z.string(),
  tip: z.string(),
  scenario: z.string(),
  judgedAs: z.string().nullable().default(null).describe("Version by whose rules; null: each by its own"),
  flavour: z.string().nullable(),
  qemu: z.string().nullable(),
  firstParent: z.boolean(),
  paths: z.array(z.string()),
});

const stateSchema = z.strictObject({
  state: z.literal(stateVersion),
  request: requestSchema,
  commits: z.array(z.strictObject({ id: commit, parents: z.array(z.string()) })).describe("Parents first"),
  signature: signatureSchema.nullable().describe("The failure sought; null until it was seen"),
  events: z.array(eventSchema),
});

/** All that a bisection has found. */
export type BisectState = z.output<typeof stateSchema>;

/** What is looked for. */
export type BisectRequest = z.output<typeof requestSchema>;

/** A bisection that has found nothing yet. */
export const newState = (request: BisectRequest, commits: BisectState["commits"]): BisectState => ({
  state: stateVersion,
  ...{ request, commits, signature: null, events: [] },
});

/**
 * What a folder has of a bisection; null where it has none.
 * @throws {UsageError} where it holds something else
 */
export async function loadState(folder: string): Promise<BisectState | null> {
  const path = join(folder, stateFile);
  const text = await readFile(path, "utf8").catch(() => null);
  if (text === null) return null;
  try {
    return stateSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new UsageError({
      what: `Cannot go on with "${path}": it is no state of a bisection`,
      remedy: "Name another folder with --out, or begin anew with --restart",
      cause,
    });
  }
}

/**
 * Writes what was found: on disk is always the whole of it, as it is now or as it was.
 * @throws {InfrastructureError} where it cannot be written
 */
export async function saveState(folder: string, state: BisectState): Promise<void> {
  const path = join(folder, stateFile);
  try {
    await makeFolders(folder);
    const file = await open(`${path}.part`, "w");
    try {
      await file.writeFile(`${JSON.stringify(state)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(`${path}.part`, path);
  } catch (cause) {
    throw new InfrastructureError({ what: `Cannot write "${path}"`, remedy: "Make room there", cause });
  }
}

/** What a search goes by. */
export function findingsOf({ request, commits, events }: BisectState): Findings {
  const numbers = new Map([...commits.map(({ id }, index) => [id, index] as const), [request.base, commits.length]]);
  const groups = new Map<string, number[]>();
  const tallies = new Map<number, Tally>();
  const untestable = new Set<number>();
  const first = new Map<number, number>();
  for (const event of events) {
    const node = numbers.get(event.commit);
    if (node === undefined) continue;
    if (event.kind === "untestable") untestable.add(node);
    if (event.kind === "built") {
      const group = groups.get(event.digest) ?? [];
      if (!group.includes(node)) group.push(node);
      groups.set(event.digest, group);
      first.set(node, group[0] ?? node);
    }
    if (event.kind === "run") {
      const holder = first.get(node) ?? node;
      const { seen, runs } = tallies.get(holder) ?? { seen: 0, runs: 0 };
      tallies.set(holder, { seen: seen + (event.sight === "seen" ? 1 : 0), runs: runs + 1 });
    }
  }
  const alike = [...groups.values()].filter((group) => group.length > 1);
  // What no answer was had of has none under another commit either.
  for (const group of alike)
    if (group.some((node) => untestable.has(node))) for (const node of group) untestable.add(node);
  return { tallies, alike, untestable };
}
