/** Pictures of states, each box and each line kept once: from step to step most of them stay as they are. */
import { initialState } from "../../../src/model/initial-state.ts";
import type { HostState } from "../../../src/model/state.ts";
import type { Plan } from "../../../src/plan/plan.ts";
import type { PageDetail } from "../../../src/report/page-data.ts";
import { describeState } from "../../../src/report/picture.ts";

/** The pictures of one scenario. */
export class Album {
  readonly #nodes = new Kept();
  readonly #edges = new Kept();
  readonly #pictures = new Kept();

  /** Keeps the picture of a state, by the contract or as the host is known to deviate; gives its index. */
  keep(state: HostState, deviates = false): number {
    const { nodes, edges } = describeState(state, deviates);
    return this.#pictures.keep({
      nodes: nodes.map((node) => this.#nodes.keep(node)),
      edges: edges.map((edge) => this.#edges.keep(edge)),
    });
  }

  /** Keeps the picture of the state that a plan begins in. */
  keepInitial(plan: Plan): number {
    return this.keep(initialState(plan));
  }

  /** All that was kept. */
  get contents(): Pick<PageDetail, "nodes" | "edges" | "pictures"> {
    return {
      nodes: this.#nodes.values as PageDetail["nodes"],
      edges: this.#edges.values as PageDetail["edges"],
      pictures: this.#pictures.values as PageDetail["pictures"],
    };
  }
}

/** Values, each once, by what they are as JSON. */
class Kept {
  readonly values: unknown[] = [];
  readonly #indices = new Map<string, number>();

  keep(value: unknown): number {
    const key = JSON.stringify(value);
    const known = this.#indices.get(key);
    if (known !== undefined) return known;
    this.#indices.set(key, this.values.length);
    return this.values.push(value) - 1;
  }
}
