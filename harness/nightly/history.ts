/** The history of nights: one SQLite file, and the only place that knows its tables. */
import { rmSync } from "node:fs";
import { basename, dirname } from "node:path";
import sqlite, { type Database, type NormalQueryResult } from "node-sqlite3-wasm";
import { withLock } from "../assets/file-lock.ts";
import { markOf } from "../../src/report/night-mark.ts";
import type { PageHistory } from "../../src/report/page-data.ts";
import type { ReportProgress } from "../assets/progress.ts";
import { InfrastructureError, UsageError } from "../errors/harness-error.ts";
import {
  isFlaky,
  machineResultSchema,
  unitResultSchema,
  type MachineResult,
  type NightResult,
} from "./night-result.ts";

/** Version of the tables. */
const version = 1;

const tables = `
create table night (
  id integer primary key, name text not null unique, started text not null, ended integer not null default 0
) strict;
create table machine (
  id integer primary key, night integer not null references night(id) on delete cascade, name text not null,
  bench text not null, kernel text not null, qemu text not null,
  kernel_version text, kernel_digest text, qemu_version text, qemu_digest text,
  problem text, seconds real not null, unique (night, name)
) strict;
create table unit (
  machine integer not null references machine(id) on delete cascade, scenario text not null, device text not null,
  verdict text not null, attempts text not null, reason text, signature text, known text not null, stale text not null,
  seconds real not null, evidence text not null, reproduce text not null, primary key (machine, scenario)
) strict, without rowid;
create index unit_scenario on unit (scenario);
pragma user_version = ${version};
`;

/** One result of a scenario, out of the history. */
export interface PastResult {
  readonly night: string;
  readonly machine: string;
  readonly kernel: string | null;
  readonly qemu: string | null;
  readonly unit: MachineResult["units"][number];
}

/** The history, open. */
export interface History {
  /** Puts a night's machine in place of what there was of it: doing so twice is doing it once. */
  putMachine(night: Pick<NightResult, "night" | "started">, machine: MachineResult): void;
  /** Says that a night is over. */
  endNight(night: string): void;
  /** The last night that is over and is before another, each machine as it was last had; null where there is none. */
  lastBefore(night: string): NightResult | null;
  /** Results of a scenario in nights that are over or not, newest night first, at most so many nights. */
  resultsOf(scenario: string, nights: number): readonly PastResult[];
  /** What every scenario came to in the newest nights, at most so many. */
  marksOf(nights: number): PageHistory;
  /** Every scenario that ever ran. */
  scenarios(): readonly string[];
}

/** Where a history is, and who waits for whom. */
export interface HistoryPlace {
  readonly file: string;
  readonly report: ReportProgress;
  readonly signal: AbortSignal;
}

/**
 * Opens the history for as long as `action` takes, alone: SQLite locks by a folder here, which a process that was killed
 * leaves behind, so the lock that counts is one that ends with its holder.
 * @throws {InfrastructureError} where the file cannot be read or written; {UsageError} where a newer version wrote it
 */
export function withHistory<T>({ file, report, signal }: HistoryPlace, action: (history: History) => T): Promise<T> {
  const lock = { root: dirname(file), name: `${basename(file)}.lock`, purpose: "reading or writing the history" };
  return withLock({ ...lock, report, signal }, async () => {
    await Promise.resolve();
    rmSync(`${file}.lock`, { recursive: true, force: true });
    let database: Database;
    try {
      database = new sqlite.Database(file);
    } catch (cause) {
      throw new InfrastructureError({ what: `Cannot open the history "${file}"`, cause });
    }
    try {
      prepareTables(database, file);
      return action(openHistory(database));
    } catch (cause) {
      if (!(cause instanceof Error) || cause.name !== "SQLite3Error") throw cause;
      throw new InfrastructureError({
        what: `Cannot read or write the history "${file}"`,
        remedy: "Make room there; a file that is broken can be moved away: a new one begins with the next night",
        cause,
      });
    } finally {
      database.close();
    }
  });
}

function prepareTables(database: Database, file: string): void {
  database.exec("pragma foreign_keys = on");
  const found = Number(rowOf(database.get("pragma user_version"))?.["user_version"] ?? 0);
  if (found === version) return;
  if (found !== 0) {
    throw new UsageError({
      what: `Cannot read the history "${file}": it has version ${found}, known is ${version}`,
      remedy: "Use the version of zpci-hil that wrote it, or begin a new one elsewhere with --out",
    });
  }
  inTransaction(database, () => {
    database.exec(tables);
  });
}

function openHistory(database: Database): History {
  const nightId = (name: string): number | null => {
    const row = rowOf(database.get("select id from night where name = ?", [name]));
    return row === null ? null : Number(row["id"]);
  };
  return {
    putMachine: ({ night, started }, machine) => {
      inTransaction(database, () => {
        database.run("insert into night (name, started) values (?, ?) on conflict (name) do nothing", [
          night,
          started,
        ]);
        const id = nightId(night);
        database.run("delete from machine where night = ? and name = ?", [id, machine.name]);
        const { kernel, qemu } = machine.ran ?? { kernel: null, qemu: null };
        const { lastInsertRowid } = database.run(`insert into machine values (null${", ?".repeat(11)})`, [
          ...[id, machine.name, machine.bench, machine.kernel, machine.qemu, kernel?.version ?? null],
          ...[kernel?.digest ?? null, qemu?.version ?? null, qemu?.digest ?? null, machine.problem, machine.seconds],
        ]);
        const insert = database.prepare(`insert into unit values (?${", ?".repeat(11)})`);
        try {
          for (const unit of machine.units) {
            insert.run([
              ...[Number(lastInsertRowid), unit.scenario, unit.device, unit.verdict, JSON.stringify(unit.attempts)],
              ...[unit.reason, unit.signature, JSON.stringify(unit.known), JSON.stringify(unit.stale)],
              ...[unit.seconds, unit.evidence, unit.reproduce],
            ]);
          }
        } finally {
          insert.finalize();
        }
      });
    },
    endNight: (night) => {
      database.run("update night set ended = 1 where name = ?", [night]);
    },
    lastBefore: (night) => {
      const earlier =
        "select id from night where ended = 1 and id < coalesce((select id from night where name = ?), 9e18)";
      const last = rowOf(database.get(`${earlier} order by id desc limit 1`, [night]));
      if (last === null) return null;
      const named = rowOf(database.get("select name, started from night where id = ?", [Number(last["id"])]));
      // A machine that could not be had that night is compared with the last one in which it could.
      const machines = rowsOf(
        database.all(
          `select * from machine where id in (select max(id) from machine where problem is null and night in (${earlier}) ` +
            "group by name) order by id",
          [night],
        ),
      );
      return {
        night: String(named?.["name"]),
        started: String(named?.["started"]),
        machines: machines.map((each) => machineOf(database, each)),
      };
    },
    resultsOf: (scenario, nights) =>
      rowsOf(
        database.all(
          "select unit.*, machine.name as machine_name, kernel_version, qemu_version, night.name as night_name from unit " +
            "join machine on machine.id = unit.machine join night on night.id = machine.night where scenario = ? " +
            "and night.id in (select id from night order by id desc limit ?) order by night.id desc, machine.id",
          [scenario, nights],
        ),
      ).map((row) => ({
        ...{ night: String(row["night_name"]), machine: String(row["machine_name"]), unit: unitOf(row) },
        ...{ kernel: textOf(row["kernel_version"]), qemu: textOf(row["qemu_version"]) },
      })),
    marksOf: (count) => drawMarks(database, count),
    scenarios: () =>
      rowsOf(database.all("select distinct scenario from unit order by scenario")).map((row) =>
        String(row["scenario"]),
      ),
  };
}

function drawMarks(database: Database, count: number): PageHistory {
  const newest = rowsOf(database.all("select id, name from night order by id desc limit ?", [count])).toReversed();
  const columns = new Map(newest.map(({ id }, index) => [Number(id), index]));
  const results = rowsOf(
    database.all(
      "select scenario, verdict, attempts, machine.name as machine_name, night from unit join machine " +
        "on machine.id = unit.machine where night >= ? order by machine.id",
      [Number(newest[0]?.["id"] ?? 0)],
    ),
  );
  const machines = [...new Set(results.map((row) => String(row["machine_name"])))];
  const marks = new Map<string, string[][]>();
  for (const row of results) {
    const scenario = String(row["scenario"]);
    const lines = marks.get(scenario) ?? machines.map(() => newest.map(() => " "));
    marks.set(scenario, lines);
    const attempts = unitResultSchema.shape.attempts.parse(JSON.parse(String(row["attempts"])));
    const verdict = unitResultSchema.shape.verdict.parse(row["verdict"]);
    const line = lines[machines.indexOf(String(row["machine_name"]))];
    const column = columns.get(Number(row["night"]));
    if (line !== undefined && column !== undefined) line[column] = markOf(isFlaky({ attempts }) ? "flaky" : verdict);
  }
  return {
    nights: newest.map(({ name }) => String(name)),
    machines,
    marks: Object.fromEntries([...marks].map(([scenario, lines]) => [scenario, lines.map((line) => line.join(""))])),
  };
}

function machineOf(database: Database, row: NormalQueryResult): MachineResult {
  const units = rowsOf(database.all("select * from unit where machine = ? order by scenario", [Number(row["id"])]));
  const ran =
    row["kernel_digest"] === null
      ? null
      : {
          kernel: { version: row["kernel_version"], digest: row["kernel_digest"] },
          qemu: { version: row["qemu_version"], digest: row["qemu_digest"] },
        };
  return machineResultSchema.parse({
    ...{ name: row["name"], bench: row["bench"], kernel: row["kernel"], qemu: row["qemu"], ran },
    ...{ problem: row["problem"], seconds: row["seconds"], units: units.map(unitOf) },
  });
}

const unitOf = (row: NormalQueryResult): MachineResult["units"][number] =>
  unitResultSchema.parse({
    ...{ scenario: row["scenario"], device: row["device"], verdict: row["verdict"], reason: row["reason"] },
    ...{
      signature: row["signature"],
      seconds: row["seconds"],
      evidence: row["evidence"],
      reproduce: row["reproduce"],
    },
    attempts: JSON.parse(String(row["attempts"])) as unknown,
    known: JSON.parse(String(row["known"])) as unknown,
    stale: JSON.parse(String(row["stale"])) as unknown,
  });

/** All of it or nothing, whatever happens in between. */
function inTransaction(database: Database, action: () => void): void {
  database.exec("begin immediate");
  try {
    action();
    database.exec("commit");
  } catch (error) {
    database.exec("rollback");
    throw error;
  }
}

// Rows are expanded only where that is asked for.
const rowsOf = (rows: readonly unknown[]): readonly NormalQueryResult[] => rows as readonly NormalQueryResult[];
const rowOf = (row: unknown): NormalQueryResult | null => (row ?? null) as NormalQueryResult | null;
const textOf = (value: unknown): string | null => (typeof value === "string" ? value : null);
