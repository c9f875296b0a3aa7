import { firstError } from "../errors/describe-error.ts";
import { InfrastructureError } from "../errors/harness-error.ts";

interface Step {
  readonly name: string;
  readonly run: () => unknown;
}

/**
 * Things to undo, undone in reverse order: every step is tried, and the first error is the one that is thrown.
 * Node 20 has no AsyncDisposableStack.
 */
export class ResourceScope implements AsyncDisposable {
  #steps: Step[] = [];
  #disposed: Promise<void> | null = null;

  /** Runs `undo` when the scope ends; `name` says in an error what could not be undone. */
  defer(name: string, undo: () => unknown): void {
    if (this.#disposed !== null) throw new Error(`Cannot defer "${name}": the scope has ended`);
    this.#steps.push({ name, run: undo });
  }

  /** Disposes `resource` when the scope ends, and hands it back. */
  use<R extends AsyncDisposable | Disposable>(name: string, resource: R): R {
    this.defer(name, async () => {
      if (Symbol.asyncDispose in resource) await resource[Symbol.asyncDispose]();
      else resource[Symbol.dispose]();
    });
    return resource;
  }

  /** Hands every step to a new scope and leaves this one empty: what was built in here shall outlive it. */
  move(): ResourceScope {
    const moved = new ResourceScope();
    moved.#steps = this.#steps;
    this.#steps = [];
    return moved;
  }

  /**
   * Undoes everything; a second call waits for the first.
   * @throws {InfrastructureError} naming the first step that failed
   */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed ??= this.#undoAll();
    await this.#disposed;
  }

  async #undoAll(): Promise<void> {
    const failures: InfrastructureError[] = [];
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        await step.run();
      } catch (error) {
        failures.push(new InfrastructureError({ what: `Cannot undo "${step.name}"`, cause: firstError(error) }));
      }
    }
    const [first] = failures;
    if (first !== undefined) throw first;
  }
}
