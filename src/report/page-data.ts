/** What the page of a report is given: plain JSON, every text in it already escaped and bounded. */
import type { PictureEdge, PictureNode } from "./picture-shape.ts";

/** What came of a scenario in a run; `none` where the run did not get that far. */
export type PageVerdict = "pass" | "fail" | "known" | "skip" | "error" | "none";

/** One run, a column of the matrix. */
export interface PageRun {
  /** Name of its folder. */
  readonly name: string;
  readonly bench: string;
  /** Version and patches. */
  readonly kernel: string;
  readonly qemu: string;
  /** When its first scenario began, UTC; empty where nobody knows. */
  readonly started: string;
  /** From its first scenario's begin to its last one's end. */
  readonly seconds: number;
}

/** A scenario, a row of the matrix. */
export interface PageScenario {
  readonly name: string;
  readonly summary: string;
  readonly tags: readonly string[];
  /** Operations that it is made of, each once. */
  readonly operations: readonly string[];
}

/** The first difference of a scenario that failed or is known. */
export interface PageDifference {
  readonly step: number;
  readonly operation: string;
  readonly path: string;
  readonly expected: string;
  readonly observed: string;
  /** What the contract has there, where something else is expected of this kernel and QEMU; else null. */
  readonly contract: string | null;
}

/** What nights before came to. */
export interface PageHistory {
  /** Their names, the oldest first. */
  readonly nights: readonly string[];
  readonly machines: readonly string[];
  /** By scenario, for each machine a mark for each night. */
  readonly marks: Readonly<Record<string, readonly string[]>>;
}

/** A scenario in a run. */
export interface PageCell {
  /** Index of the run. */
  readonly run: number;
  /** Index of the scenario. */
  readonly scenario: number;
  readonly verdict: PageVerdict;
  readonly reason: string;
  readonly seconds: number;
  readonly steps: number;
  /** Ledger entries that explain what deviated. */
  readonly known: readonly string[];
  readonly first: PageDifference | null;
  /** What else differs in the step that failed first. */
  readonly besides: readonly Pick<PageDifference, "path" | "expected" | "observed">[];
}

/** A step that led to a difference, or the one that has it. */
export interface PageLead {
  readonly step: number;
  readonly text: string;
  readonly note: string | null;
  readonly result: string;
  /** Files and functions of the kernel that carry it out; empty where nobody knows. */
  readonly by: string;
}

/** Scenarios that fail in the same way. */
export interface PageFinding {
  /** That of the shortest scenario. */
  readonly operation: string;
  /** All in which it shows. */
  readonly operations: readonly string[];
  /** In the shortest scenario; the failing step is the last. */
  readonly leads: readonly PageLead[];
  readonly path: string;
  /** What such a path tells, for who sees one for the first time. */
  readonly meaning: string;
  /** Indices of cells, in one run or several, the shortest scenario first. */
  readonly cells: readonly number[];
}

/** An entry of the ledger, as far as it is shown. */
export interface PageEntry {
  readonly title: string;
  readonly fault: string;
  readonly observed: string;
}

/** The lanes of a timeline, in the order of its columns. */
export const lanes = ["host", "zpci", "function", "console"] as const;

/** A lane of a timeline. */
export type Lane = (typeof lanes)[number];

/** Something that is seen to happen in a step. */
export interface PageEvent {
  readonly lane: Lane;
  readonly text: string;
  readonly tone: "plain" | "bad";
}

/** A leaf of an observation beside what was expected of it: path, expectation, observation, and whether they differ. */
export type PageRow = readonly [path: string, expected: string, observed: string, differs: 0 | 1];

/** One step of a timeline. */
export interface PageStep {
  readonly step: number;
  readonly operation: string;
  readonly text: string;
  readonly note: string | null;
  readonly result: string;
  readonly verdict: "pass" | "known" | "stale" | "fail" | "none";
  readonly entries: readonly string[];
  readonly micros: number;
  readonly events: readonly PageEvent[];
  readonly rows: readonly PageRow[];
  readonly log: readonly string[];
  /** Indices of the pictures before it and after it by the contract; -1 where there is none. */
  readonly before: number;
  readonly after: number;
  /** The picture after it by what is known of the kernel and QEMU, where that is another; else -1. */
  readonly deviating: number;
}

/** All of a scenario in a run; packed in the page, and unpacked when it is looked at. */
export interface PageDetail {
  readonly folder: string;
  readonly started: string;
  readonly planned: number;
  readonly details: readonly string[];
  readonly caveats: readonly string[];
  readonly reproduce: string;
  readonly seeds: readonly string[];
  readonly functions: readonly string[];
  readonly steps: readonly PageStep[];
  /** Why there are no pictures; null where there are. */
  readonly unpictured: string | null;
  readonly nodes: readonly PictureNode[];
  readonly edges: readonly PictureEdge[];
  /** Indices into nodes and edges. */
  readonly pictures: readonly { readonly nodes: readonly number[]; readonly edges: readonly number[] }[];
  /** Last lines of the console. */
  readonly console: readonly string[];
}

/** Everything that a page is given. */
export interface PageData {
  readonly made: string;
  readonly recorder: string;
  readonly runs: readonly PageRun[];
  readonly scenarios: readonly PageScenario[];
  readonly cells: readonly PageCell[];
  readonly findings: readonly PageFinding[];
  readonly ledger: Readonly<Record<string, PageEntry>>;
  /** What the rule of an operation stands on, by operation. */
  readonly grounds: Readonly<Record<string, string>>;
  /** Null where there is none. */
  readonly history: PageHistory | null;
  /** The details of each cell: JSON, deflated without a header, in base64. */
  readonly details: readonly string[];
}
