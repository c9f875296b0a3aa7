/** Functions of a plan that this process serves: what they perform themselves, without their guest, and what they were told. */
import type { Pattern } from "../../src/compare/pattern.ts";
import type { Operation } from "../../src/operation/operation.ts";
import type { DeviceView, Value } from "../../src/trace/observation.ts";
import { InfrastructureError } from "../errors/harness-error.ts";
import type { ObservedFunction } from "../vfio-user/observed-function.ts";
import type { OwnValues, Witness } from "../vfio-user/witness.ts";
import { shareOut } from "./share-out.ts";

/** What each function may reach, and what befell it. */
export type DeviceViews = Readonly<Record<string, DeviceView | null>>;

/** A function that this process serves, and the witness that it is, where it is one. */
export interface Served {
  readonly served: ObservedFunction;
  readonly witness: Witness | null;
}

/** Operations that functions perform themselves, those that can. */
const own: ReadonlySet<Operation["op"]> = new Set([
  ...(["dma-write", "dma-read", "dma-release", "storm-begin", "storm-end", "misbehave"] as const),
  ...(["function-dies", "function-returns", "interrupt"] as const),
]);

/** The functions of a machine that this process serves, by name. */
export class ServedFunctions {
  readonly #all = new Map<string, Served>();

  /** One more; what it was told before is no part of what it is told from now on. */
  add(name: string, each: Served): void {
    each.served.takeView();
    this.#all.set(name, each);
  }

  /** Has a function perform an operation; null where the operation is for the guest to perform. */
  perform(operation: Operation): Promise<OwnValues> | null {
    if (!("function" in operation)) return null;
    const each = this.#all.get(operation.function);
    if (each === undefined) return null;
    switch (operation.op) {
      case "function-dies":
        return each.served.die(operation.at).then(() => ({}));
      case "interrupt":
        return each.served.raise(operation.vector).then((completion) => ({ completion }));
      case "function-returns":
        return each.served.comeBack().then(() => ({}));
      default:
        return each.witness?.perform(operation) ?? null;
    }
  }

  /** Whether there is none. */
  get isEmpty(): boolean {
    return this.#all.size === 0;
  }

  /** Whether an operation is a function's to perform, or may be. */
  performs(operation: Operation): boolean {
    return "function" in operation && this.#all.has(operation.function) && own.has(operation.op);
  }

  /** Resolves when what functions did unasked has had its effect; says whether there was anything. */
  async settle(): Promise<boolean> {
    const all = [...this.#all.values()].map(({ served, witness }) => (witness ?? served).settle());
    return (await Promise.all(all)).includes(true);
  }

  /** What the functions were told since the last time, in order; null where there are none. */
  takeEvents(): Value {
    if (this.#all.size === 0) return null;
    const taken = [...this.#all].map(([name, { served }]) => [name, served.takeEvents()]);
    return Object.fromEntries(taken) as Value;
  }

  /** What the functions may reach now, and what befell them since the last time; null where there are none. */
  takeViews(): DeviceViews | null {
    if (this.#all.size === 0) return null;
    return Object.fromEntries([...this.#all].map(([name, { served }]) => [name, served.takeView()]));
  }

  /**
   * From now on, notes what the functions are told; what is returned takes it, and says what they showed of each of several
   * operations since, of which it is given what they are to show. Null where there are none.
   */
  follow(): ((expected: readonly (Pattern | undefined)[]) => readonly DeviceViews[]) | null {
    if (this.#all.size === 0) return null;
    const before = [...this.#all].map(([name, { served }]) => {
      served.follow();
      return { name, served, start: served.describeReach() };
    });
    return (expected) => {
      const shared = before.map(({ name, served, start }) => {
        const { steps } = served;
        const last = served.takeView();
        const own = expected.map((each) => (each as Readonly<Record<string, Pattern>> | undefined)?.[name]);
        const views = start === null || last === null ? expected.map(() => last) : shareOut(own, start.reach, steps);
        return [name, views] as const;
      });
      return expected.map((_, index) =>
        Object.fromEntries(shared.map(([name, views]) => [name, views[index] ?? null])),
      );
    };
  }

  /**
   * Checks that every function can be believed.
   * @throws {InfrastructureError} where one could not understand QEMU: from then on it can say nothing
   */
  check(): void {
    for (const [name, { served }] of this.#all) {
      if (served.failure === null) continue;
      throw new InfrastructureError({ what: `Function "${name}" cannot be served any more`, cause: served.failure });
    }
  }
}
