/** References: every name that a step uses must be declared in the scenario's header or made by an earlier step. */
import type { InsideName, OperationName } from "../operation/operation.ts";
import { nearestOf } from "./nearest.ts";

/** What names may stand for. */
type Kind = "function" | "buffer" | "IOAS or HWPT" | "container";

const kindOfField: Readonly<Record<string, readonly Kind[]>> = {
  function: ["function"],
  groups: ["function"],
  beside: ["function"],
  buffer: ["buffer"],
  ioas: ["IOAS or HWPT"],
  from: ["IOAS or HWPT"],
  to: ["IOAS or HWPT", "function"],
  object: ["IOAS or HWPT", "function"],
  container: ["container"],
};

/** Fields in which an operation makes a name. */
const made: Readonly<Partial<Record<OperationName, readonly [field: string, kind: Kind]>>> = {
  "ioas-alloc": ["ioas", "IOAS or HWPT"],
  "hwpt-alloc": ["hwpt", "IOAS or HWPT"],
  "container-open": ["container", "container"],
};

const origin: Readonly<Record<Kind, string>> = {
  function: 'one of "functions"',
  buffer: 'one of "buffers", or a function\'s own such as "a.queues"',
  "IOAS or HWPT": "one that a step before it allocates",
  container: "one that a step before it opens",
};

/** The names known so far while the steps are read in order. */
export class KnownNames {
  readonly #names: Readonly<Record<Kind, Set<string>>>;

  constructor(functions: readonly string[], buffers: readonly string[]) {
    this.#names = {
      function: new Set(functions),
      buffer: new Set([...buffers, ...functions.map((name) => `${name}.queues`)]),
      "IOAS or HWPT": new Set(),
      container: new Set(),
    };
  }

  /** The first field of an operation that uses a name nobody made, and what is wrong with it; null where all are known. */
  findUnknown(
    op: OperationName | InsideName,
    fields: Readonly<Record<string, unknown>>,
  ): { field: string; problem: string } | null {
    const making = (made as Readonly<Partial<Record<string, (typeof made)[OperationName]>>>)[op];
    for (const [field, value] of Object.entries(fields)) {
      const kinds = field === making?.[0] ? undefined : kindOfField[field];
      if (kinds === undefined) continue;
      const unknown = [value].flat().find((name) => !kinds.some((kind) => this.#names[kind].has(name as string)));
      if (unknown !== undefined) return { field, problem: this.#describe(unknown as string, kinds) };
    }
    if (making !== undefined) this.#names[making[1]].add(fields[making[0]] as string);
    return null;
  }

  #describe(name: string, kinds: readonly Kind[]): string {
    const near = nearestOf(
      name,
      kinds.flatMap((kind) => [...this.#names[kind]]),
    );
    const [kind = "function"] = kinds;
    const suggestion = near === null ? "" : `; did you mean "${near}"?`;
    return `unknown ${kind} "${name}": expected ${origin[kind]}${suggestion}`;
  }
}
