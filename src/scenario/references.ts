/** References: every name that a step uses must be declared in the scenario's header or made by an earlier step. */
import type { InsideName, OperationName } from "../operation/operation.ts";
import { nearestOf } from "./nearest.ts";

/** What names may stand for. */
type Kind =
  | "function"
  | "buffer"
  | "IOAS or HWPT"
  | "container"
  | "mock"
  | "queue"
  | "virtual IOMMU"
  | "device behind one"
  | "access";

const kindOfField: Readonly<Record<string, readonly Kind[]>> = {
  function: ["function"],
  groups: ["function"],
  beside: ["function"],
  buffer: ["buffer"],
  ioas: ["IOAS or HWPT"],
  from: ["IOAS or HWPT"],
  to: ["IOAS or HWPT", "function", "queue"],
  object: ["IOAS or HWPT", "function", "mock", "queue", "virtual IOMMU", "device behind one"],
  mock: ["mock"],
  queue: ["queue"],
  viommu: ["virtual IOMMU"],
  parent: ["IOAS or HWPT", "virtual IOMMU", "mock", "queue"],
  container: ["container"],
  device: ["mock", "function"],
};

/** Fields in which an operation makes a name. */
const made: Readonly<Partial<Record<OperationName, readonly [field: string, kind: Kind]>>> = {
  "ioas-alloc": ["ioas", "IOAS or HWPT"],
  "hwpt-alloc": ["hwpt", "IOAS or HWPT"],
  "container-open": ["container", "container"],
  "access-create": ["access", "access"],
  "mock-create": ["mock", "mock"],
  "mock-hwpt-alloc": ["hwpt", "IOAS or HWPT"],
  "fault-queue-alloc": ["queue", "queue"],
  "viommu-alloc": ["viommu", "virtual IOMMU"],
  "vdevice-alloc": ["vdevice", "device behind one"],
  "hw-queue-alloc": ["hwQueue", "device behind one"],
  "event-queue-alloc": ["queue", "queue"],
};

/** Fields that may name more in one operation than in the others. */
const moreKinds: Readonly<Partial<Record<string, Readonly<Record<string, readonly Kind[]>>>>> = {
  "fault-raise": { mock: ["mock", "function"] },
  "access-replace": { access: ["access"] },
  "access-pin": { access: ["access"] },
  "access-unpin": { access: ["access"] },
  "access-read": { access: ["access"] },
  "access-write": { access: ["access"] },
  "access-close": { access: ["access"] },
};

const origin: Readonly<Record<Kind, string>> = {
  function: 'one of "functions"',
  buffer: 'one of "buffers", or a function\'s own such as "a.queues"',
  "IOAS or HWPT": "one that a step before it allocates",
  container: "one that a step before it opens",
  mock: "one that a step before it creates",
  queue: "one that a step before it allocates",
  "virtual IOMMU": "one that a step before it allocates",
  "device behind one": "one that a step before it allocates",
  access: "one that a step before it creates",
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
      mock: new Set(),
      queue: new Set(),
      "virtual IOMMU": new Set(),
      "device behind one": new Set(),
      access: new Set(),
    };
  }

  /** The first field of an operation that uses a name nobody made, and what is wrong with it; null where all are known. */
  findUnknown(
    op: OperationName | InsideName,
    fields: Readonly<Record<string, unknown>>,
  ): { field: string; problem: string } | null {
    const making = (made as Readonly<Partial<Record<string, (typeof made)[OperationName]>>>)[op];
    for (const [field, value] of Object.entries(fields)) {
      const kinds = field === making?.[0] ? undefined : (moreKinds[op]?.[field] ?? kindOfField[field]);
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
