/** From what a kernel handed out to how often each line ran, by way of gcov. */
import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { KernelCoverage } from "../assets/assets.ts";
import { digestBytes } from "../assets/digest.ts";
import { runTool } from "../assets/run-tool.ts";
import { countsOf, notesOf } from "../kernel/covered-files.ts";
import { parseGcovDocument, type FileCounts } from "./gcov-json.ts";

/** How counts are read. */
export interface CountReading {
  readonly coverage: KernelCoverage;
  /** Prefix of the compiler's programs, such as `s390x-linux-gnu-`. */
  readonly prefix: string;
  /** Folder for what gcov reads; the caller removes it. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

const readLimit = 60_000;

/** Reads counts of one kernel; the same counts of the same file once. */
export class CountReader {
  readonly #reading: CountReading;
  readonly #known = new Map<string, Promise<FileCounts>>();
  /** gcov has one folder to work in. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(reading: CountReading) {
    this.#reading = reading;
  }

  /**
   * How often the lines of a file ran.
   * @throws {InfrastructureError} where gcov cannot make sense of the counts
   */
  read(file: string, counts: Uint8Array): Promise<FileCounts> {
    const key = `${file} ${digestBytes(counts)}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const read = this.#turn.then(() => this.#run(file, counts));
    this.#turn = read.catch(() => undefined);
    this.#known.set(key, read);
    return read;
  }

  async #run(file: string, counts: Uint8Array): Promise<FileCounts> {
    const { coverage, prefix, folder, signal } = this.#reading;
    const place = join(folder, dirname(file));
    await mkdir(place, { recursive: true });
    const notes = join(folder, notesOf(file));
    await rm(notes, { force: true });
    await symlink(join(coverage.folder, notesOf(file)), notes);
    await writeFile(join(folder, countsOf(file)), counts);
    const printed = await runTool({
      command: `${prefix}gcov`,
      arguments: ["--json-format", "--stdout", basename(countsOf(file))],
      purpose: `read how often the lines of "${file}" ran`,
      folder: place,
      signal,
      limit: readLimit,
      remedy: `Install ${prefix}gcov of the compiler that built the kernel: on Debian it comes with ${prefix}gcc`,
    });
    return parseGcovDocument(printed, file);
  }
}
