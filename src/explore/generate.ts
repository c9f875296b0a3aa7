/** Generating operations: each from the host as the model has it after those before. */
import { operationFields, type Operation } from "../operation/operation.ts";
import type { PlannedStep } from "../plan/plan.ts";
import type { Profile } from "../trace/profile.ts";
import type { Follower, Foreseen } from "../verdict/follow.ts";
import { apertureOf } from "../zpci/aperture.ts";
import type { Cast, Subject } from "./cast.ts";
import { drawAnswers, drawDuring, drawFailing } from "./decorate.ts";
import { Source, type Drawer, type Drawn } from "./draw.ts";
import { accessDrawers } from "./draw-access.ts";
import { driverDrawers, functionDrawers, resetDrawers } from "./draw-function.ts";
import { iommufdDrawers } from "./draw-iommufd.ts";
import { mockDrawers } from "./draw-mock.ts";
import { type1Drawers } from "./draw-type1.ts";
import type { Random, Weighted } from "./random.ts";
import { findStranger, namesOfCast } from "./sequence.ts";

const drawersOf: Readonly<Partial<Record<Subject, typeof functionDrawers>>> = {
  iommufd: iommufdDrawers,
  type1: type1Drawers,
  resets: resetDrawers,
  mock: mockDrawers,
  access: accessDrawers,
  driver: driverDrawers,
};

/** How much more often what few sequences are about is drawn in those. */
const emphasis: Readonly<Partial<Record<Subject, number>>> = { access: 4, mock: 2, type1: 2 };

/** Operations in a hundred that may be refused as one was before. */
const refusedShare = 15;
/**
 * DMA in a hundred of what was drawn that is done although it does not succeed: an error event costs as much as ten operations, and
 * what never completes is waited for for seconds.
 */
const dmaShare = { refused: 35, none: 4 } as const;
/** Operations in a hundred that are given answers, that something is done inside of, or that get no memory, where it is about that. */
const decorated = { answers: 20, races: 18, memory: 12 } as const;
/** Draws for one operation, and for what is added to one. */
const triesForOperation = 60;
const triesForDecoration = 8;

/** An operation of what was drawn, defaults filled in; null where its fields are no operation's. */
export function readDrawn({ op, ...fields }: Drawn): Operation | null {
  const read = operationFields[op].safeParse(fields);
  return read.success ? ({ op, ...read.data } as Operation) : null;
}

/** Says one operation after the other. Whoever has it performed tells the follower what came of it before the next. */
export class Generator {
  readonly #random: Random;
  readonly #cast: Cast;
  readonly #follower: Follower;
  readonly #profile: Pick<Profile, "kernel" | "memoryMiB">;
  readonly #drawers: readonly Weighted<Drawer>[];
  readonly #known: ReturnType<typeof namesOfCast>;
  /** What operations ended with so far: one that would be refused for a reason of its own is always worth it. */
  readonly #ends = new Set<string>();
  /** What was drawn together with the last operation, and comes after it. */
  #pending: (Drawn | Drawer)[] = [];

  constructor(random: Random, cast: Cast, follower: Follower, profile: Pick<Profile, "kernel" | "memoryMiB">) {
    this.#random = random;
    this.#cast = cast;
    this.#follower = follower;
    this.#profile = profile;
    this.#known = namesOfCast(cast);
    const all = [...cast.subjects].flatMap((subject) =>
      (drawersOf[subject] ?? []).map(([weight, value]) => ({ weight: weight * (emphasis[subject] ?? 1), value })),
    );
    this.#drawers = [...functionDrawers.map(([weight, value]) => ({ weight, value })), ...all];
  }

  /** The next operation; null where none comes to mind that means something now. */
  next(): PlannedStep | null {
    const mayBeRefused = this.#random.chance(refusedShare);
    for (let tries = 0; tries < triesForOperation; tries += 1) {
      const drawn = this.#draw();
      const operation = drawn === undefined ? null : readDrawn(drawn);
      if (operation === null) continue;
      const planned = this.#decorate(operation) ?? { operation, note: null };
      const foreseen = this.#follower.foresee(planned);
      if (foreseen === null || foreseen.isLost) continue;
      if (!this.#isWorthIt(foreseen.completion)) continue;
      const isPlain = planned.operation === operation;
      const end = `${planned.operation.op} ${JSON.stringify(foreseen.result)}`;
      if (isPlain && foreseen.result !== "OK" && !mayBeRefused && this.#ends.has(end)) continue;
      // A scenario could not say it.
      if (findStranger(this.#known, planned.operation) !== null) continue;
      this.#ends.add(end);
      return planned;
    }
    return null;
  }

  /** An operation that somebody else thought of, as it is; null where it means nothing now, or a scenario could not say it. */
  take(operation: Operation): PlannedStep | null {
    const planned: PlannedStep = { operation, note: null };
    const foreseen = this.#follower.foresee(planned);
    if (foreseen === null || foreseen.isLost) return null;
    return findStranger(this.#known, operation) === null ? planned : null;
  }

  #isWorthIt(completion: string | null): boolean {
    if (completion === null || completion === "success") return true;
    return this.#random.chance(completion === "none" ? dmaShare.none : dmaShare.refused);
  }

  /** What belongs to what was drawn before it, else something new; undefined where there is nothing to do. */
  #draw(): Drawn | undefined {
    const next = this.#pending.shift() ?? this.#random.weigh(this.#drawers);
    if (typeof next !== "function") return next;
    const source = new Source(this.#random, this.#cast, this.#follower.state, apertureOf(this.#profile));
    this.#pending.unshift(...next(source));
    const [first] = this.#pending;
    return typeof first === "function" ? undefined : (this.#pending.shift() as Drawn | undefined);
  }

  /** The operation with something added to it that means something, and best comes to an end that none had; null where nothing is to be. */
  #decorate(operation: Operation): PlannedStep | null {
    const { subjects } = this.#cast;
    const wants = (subject: keyof typeof decorated): boolean =>
      subjects.has(subject) && this.#random.chance(decorated[subject]);
    const source = new Source(this.#random, this.#cast, this.#follower.state, apertureOf(this.#profile));
    const draw = wants("answers")
      ? (): Partial<Operation> => withSome("answers", drawAnswers(source, operation.op))
      : wants("races")
        ? (): Partial<Operation> => withSome("during", drawDuring(source, operation))
        : wants("memory")
          ? (): Partial<Operation> => drawFailing(source, operation.op)
          : null;
    let found: PlannedStep | null = null;
    for (let tries = 0; draw !== null && tries < triesForDecoration; tries += 1) {
      const added = draw();
      if (Object.keys(added).length === 0) break;
      const planned: PlannedStep = { operation: { ...operation, ...added } as Operation, note: null };
      const foreseen = this.#follower.foresee(planned);
      if (foreseen === null || foreseen.isLost) continue;
      found = planned;
      if (this.#isNew(operation, foreseen)) break;
    }
    return found;
  }

  /** Whether no operation like it ended so, with the kernel saying so. */
  #isNew({ op }: Operation, { expectation: { result, messages } }: Foreseen): boolean {
    const end = JSON.stringify([op, result, messages]);
    const isNew = !this.#ends.has(end);
    this.#ends.add(end);
    return isNew;
  }
}

const withSome = (key: "answers" | "during", list: readonly unknown[]): Partial<Operation> =>
  list.length === 0 ? {} : { [key]: list };
