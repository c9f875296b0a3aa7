/** What the page was given. */
import type { PageCell, PageData, PageDetail, PageScenario, PageVerdict } from "../src/report/page-data.ts";
import { byId } from "./dom.ts";
import { spellRun } from "./words.ts";

/** A cell with what it belongs to. */
export interface Place {
  readonly cell: PageCell;
  readonly scenario: PageScenario;
  readonly index: number;
}

/** Every verdict in the order of gravity. */
export const verdicts: readonly PageVerdict[] = ["fail", "error", "none", "known", "skip", "pass"];

/** The data of the page, and questions to it. */
export class Report {
  readonly data: PageData;
  readonly #unpacked = new Map<number, Promise<PageDetail>>();
  readonly #byName: ReadonlyMap<string, number>;

  constructor(data: PageData) {
    this.data = data;
    this.#byName = new Map(data.scenarios.map(({ name }, index) => [name, index]));
  }

  /** What a run was made on; with its name where another was made on the same. */
  spellRun(run: number): string {
    const about = this.data.runs[run];
    if (about === undefined) return "";
    const spelled = this.data.runs.map(spellRun);
    const isShared = spelled.filter((each) => each === spelled[run]).length > 1;
    return isShared ? `${spelled[run] ?? ""}, ${about.name}` : (spelled[run] ?? "");
  }

  /** The data as the page carries it. */
  static read(): Report {
    return new Report(JSON.parse(byId("data").textContent) as PageData);
  }

  /** The cell of an index. */
  at(index: number): Place | null {
    const cell = this.data.cells[index];
    const scenario = cell === undefined ? undefined : this.data.scenarios[cell.scenario];
    return cell === undefined || scenario === undefined ? null : { cell, scenario, index };
  }

  /** The cells of a scenario, by run. */
  placesOf(name: string): readonly Place[] {
    const row = this.#byName.get(name);
    return this.data.cells.flatMap((cell, index) => (cell.scenario === row ? (this.at(index) ?? []) : []));
  }

  /** All that is known of a cell; unpacked once. */
  detailOf(index: number): Promise<PageDetail> {
    const known = this.#unpacked.get(index) ?? unpack(this.data.details[index] ?? "");
    this.#unpacked.set(index, known);
    return known;
  }
}

async function unpack(packed: string): Promise<PageDetail> {
  const bytes = Uint8Array.from(atob(packed), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return (await new Response(stream).json()) as PageDetail;
}
