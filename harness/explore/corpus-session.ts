/** The corpus while there is exploring: what is begun from, what is kept, what was reached. */
import { chooseBeginning, cutAfter, findNew, placesOf, type Reached } from "../../src/explore/corpus.ts";
import type { Subject } from "../../src/explore/cast.ts";
import { Random, seedOfSequence } from "../../src/explore/random.ts";
import type { Sequence } from "../../src/explore/sequence.ts";
import type { Profile } from "../../src/trace/profile.ts";
import { UsageError } from "../errors/harness-error.ts";
import type { Tried } from "./clones.ts";
import { folderOf, readEntries, readSequence, writeEntry, type Entry } from "./corpus-folder.ts";

/** What came of it, as far as the corpus goes. */
export interface Reach {
  /** Places of the kernel that were reached now. */
  readonly reached: number;
  /** Those of them that no kept sequence had reached. */
  readonly fresh: number;
  /** Sequences that were kept now; null where none is to be. */
  readonly kept: number | null;
  /** Sequences that there are. */
  readonly entries: number;
}

/** A kept sequence to begin from. */
export interface Beginning {
  readonly name: string;
  readonly sequence: Sequence;
}

interface Known extends Entry {
  readonly subjects: readonly Subject[];
  begun: number;
}

/** Sequences in a hundred that begin from a kept one, where there is any. */
const share = 50;
/** So that what is begun from has nothing to do with what is drawn then. */
const choiceSalt = 0x5bd1_e995;

/** The option KCONFIG has for a kernel that traces places. */
const option = "KCOV";

/** Whether a kernel traces which places of it are reached. */
export const tracesPlaces = ({ kernel }: Pick<Profile, "kernel">): boolean => kernel.options.includes(option);

/** A corpus that is explored with. */
export class CorpusSession {
  readonly #folder: string | null;
  readonly #bench: Omit<Profile, "functions">;
  readonly #entries: Known[];
  readonly #known: Set<number>;
  /** Places that were reached now. */
  readonly #reached = new Set<number>();
  #fresh = 0;
  #kept = 0;

  /** @param folder where sequences are kept; null where places are counted and no more */
  private constructor(folder: string | null, bench: Omit<Profile, "functions">, entries: readonly Entry[]) {
    this.#folder = folder;
    this.#bench = bench;
    this.#entries = entries.map((each) => ({ ...each, subjects: each.kept.subjects, begun: 0 }));
    this.#known = new Set(entries.flatMap(({ kept }) => placesOf(kept.reached)));
  }

  /**
   * Opens the corpus of a bench's kernel.
   * @throws {InfrastructureError} where it cannot be read
   */
  static async open(folder: string | null, bench: Omit<Profile, "functions">): Promise<CorpusSession> {
    const { entries } = folder === null ? { entries: [] } : await readEntries(folderOf(folder, bench.kernel));
    return new CorpusSession(folder, bench, entries);
  }

  get reach(): Reach {
    const kept = this.#folder === null ? null : this.#kept;
    return { reached: this.#reached.size, fresh: this.#fresh, kept, entries: this.#entries.length };
  }

  /** What a sequence begins from; null where from nothing. */
  async choose(seed: number, number: number, wanted: readonly Subject[]): Promise<Beginning | null> {
    const random = new Random(seedOfSequence(seed ^ choiceSalt, number));
    if (!random.chance(share)) return null;
    const entry = chooseBeginning(random, this.#entries, wanted);
    if (entry === undefined) return null;
    entry.begun += 1;
    return this.#read(entry);
  }

  /**
   * The kept sequence of a name.
   * @throws {UsageError} where there is none that can be read
   */
  async find(name: string): Promise<Beginning> {
    const entry = this.#entries.find((each) => each.name === name);
    const found = entry === undefined ? null : await this.#read(entry);
    if (found !== null) return found;
    throw new UsageError({
      what: `Cannot begin from "${name}": the corpus has no such sequence of this kernel`,
      remedy: 'Name the folder with --corpus; "zhil corpus show" says what it has',
    });
  }

  async #read(entry: Entry): Promise<Beginning | null> {
    const sequence = await readSequence(entry, this.#bench);
    return sequence === null ? null : { name: entry.name, sequence };
  }

  /**
   * Takes in what a sequence reached, and keeps it where that was something new. What showed a difference is left out of it: whoever
   * began from there would come no further.
   * @throws {InfrastructureError} where it cannot be written
   */
  async take(
    tried: Tried,
    about: { readonly seed: number; readonly sequence: number; readonly from: string | null },
  ): Promise<void> {
    for (const place of placesOf(tried.reached)) this.#reached.add(place);
    const end = tried.shown === null ? tried.operations.length : tried.operations.length - 1;
    const reached: readonly Reached[] = findNew(tried.reached, this.#known, end);
    if (reached.length === 0) return;
    for (const place of placesOf(reached)) this.#known.add(place);
    this.#fresh += placesOf(reached).length;
    if (this.#folder === null) return;
    const sequence = cutAfter(tried, reached);
    const entry = await writeEntry(this.#folder, sequence, { ...about, reached }, this.#bench);
    if (entry === null) return;
    this.#kept += 1;
    this.#entries.push({ ...entry, subjects: entry.kept.subjects, begun: 0 });
  }
}
