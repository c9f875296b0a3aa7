/** What this process spends its processor time on, by the folder of the code at work: V8's own sampling profiler. */
import { Session, type Profiler } from "node:inspector";

/** Samples of this process at work; those in which it only waited are left out. */
export interface OwnProfile {
  readonly samples: number;
  /** Samples in which a function of the folder was at work, or something on its behalf. */
  readonly inFolder: number;
}

/** Microseconds between samples. */
const interval = 500;
/** What V8 calls a process that waits. */
const waiting = "(idle)";

/**
 * Profiles this process while something is done, and counts the samples in which code of a folder was on the stack.
 * @param folder part of the path of the code's files, such as `/harness/vfio-user/`
 */
export async function profileOwn<T>(folder: string, work: () => Promise<T>): Promise<readonly [T, OwnProfile]> {
  const session = new Session();
  session.connect();
  try {
    await post((done) => session.post("Profiler.enable", done));
    await post((done) => session.post("Profiler.setSamplingInterval", { interval }, done));
    await post((done) => session.post("Profiler.start", done));
    const result = await work();
    const profile = await new Promise<Profiler.Profile>((resolve, reject) => {
      session.post("Profiler.stop", (error, found) => (error === null ? resolve(found.profile) : reject(error)));
    });
    return [result, countSamples(profile, folder)];
  } finally {
    session.disconnect();
  }
}

/** Counts a profile's samples. */
export function countSamples({ nodes, samples = [] }: Profiler.Profile, folder: string): OwnProfile {
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)));
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const isInside = (id: number): boolean => {
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
      if (byId.get(at)?.callFrame.url.includes(folder) === true) return true;
    }
    return false;
  };
  const inside = new Set(nodes.filter(({ id }) => isInside(id)).map(({ id }) => id));
  const idle = new Set(nodes.filter(({ callFrame }) => callFrame.functionName === waiting).map(({ id }) => id));
  const busy = samples.filter((id) => !idle.has(id));
  return { samples: busy.length, inFolder: busy.filter((id) => inside.has(id)).length };
}

const post = (send: (done: (error: Error | null) => void) => void): Promise<void> =>
  new Promise((resolve, reject) => {
    send((error) => (error === null ? resolve() : reject(error)));
  });
