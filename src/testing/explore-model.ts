/** Sequences against the model, for tests. */
import { drawCast, planOfCast, subjectsOf, type Subject } from "../explore/cast.ts";
import { Generator } from "../explore/generate.ts";
import { Random, seedOfSequence } from "../explore/random.ts";
import type { Sequence } from "../explore/sequence.ts";
import { modelProfile, modelTarget } from "../target/model-target.ts";
import type { Observation } from "../trace/observation.ts";
import { Follower } from "../verdict/follow.ts";

/** A sequence, and what was observed of each operation. */
export interface PlayedSequence extends Sequence {
  readonly observations: readonly Observation[];
  /** Places that differed; none ever should. */
  readonly differences: readonly string[];
}

/** Generates a sequence as the model answers. */
export async function playOnModel(
  seed: number,
  number: number,
  length: number,
  subjects: readonly Subject[] = subjectsOf(modelProfile),
): Promise<PlayedSequence> {
  const random = new Random(seedOfSequence(seed, number));
  const cast = drawCast(random, subjects, modelProfile);
  const plan = planOfCast("under-test", cast, modelProfile);
  const follower = new Follower(plan, []);
  const generator = new Generator(random, cast, follower, modelProfile);
  await using started = await modelTarget.start(plan, new AbortController().signal);
  const played = { operations: [] as Sequence["operations"][number][], observations: [] as Observation[] };
  const differences: string[] = [];
  for (let left = length; left > 0; left -= 1) {
    const planned = generator.next();
    if (planned === null) break;
    const { observation } = await started.perform(planned.operation, new AbortController().signal);
    played.operations.push(planned.operation);
    played.observations.push(observation);
    differences.push(...follower.follow(planned, observation).differences.map(({ path }) => path));
  }
  return { cast, ...played, differences };
}
