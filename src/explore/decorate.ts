/** What is added to an operation: answers in the hypervisor's place, or what is done while the host stands inside it. */
import { controls, type Answer, type Command, type Control } from "../operation/answers.ts";
import { pointsOf } from "../operation/during.ts";
import type { Interjection, Operation, OperationName } from "../operation/operation.ts";
import { traitsOf } from "../trace/device-kinds.ts";
import type { Source } from "./draw.ts";

const maps: readonly OperationName[] = ["ioas-map", "ioas-unmap", "ioas-copy", "container-map", "container-unmap"];
const attaches: readonly OperationName[] = [
  ...(["attach", "replace", "detach", "group-set-container", "container-set-iommu", "group-get-device"] as const),
  "close",
];
const resets: readonly OperationName[] = ["reset", "hot-reset", "sysfs-reset", "recover", "power"];
const withEvents: readonly OperationName[] = ["dma-write", "dma-read"];

/** Statuses that the kernel tells apart, and one that it does not. */
const statuses = [4, 16, 24, 40] as const;

/** Responses to SET PCI FUNCTION: there already, in permanent error, being recovered, busy; and one that is none. */
const responses = ["0x0105", "0x0106", "0x0107", "0x0108", "0x0108", "0x010a"] as const;

/** Answers that an operation's instructions may be given; most are none that it executes, which the model knows. */
export function drawAnswers(from: Source, op: OperationName): readonly Answer[] {
  const { random } = from;
  const common = {
    ...(random.chance(40) ? { of: from.fn() } : {}),
    times: random.chance(80) ? 1 : random.one([2, 3, 5, 99, 100, 101]),
    from: random.chance(85) ? 1 : 2,
    done: random.chance(12),
  };
  const refusal = (): { cc: number; status?: number } => {
    const cc = random.one([1, 1, 2, 3]);
    return cc === 1 ? { cc, status: random.one(statuses) } : { cc };
  };
  const mpcifc = (control: Control): Answer => ({ instruction: "mpcifc", control, ...refusal(), ...common });
  const clp = (command: Command): Answer =>
    random.chance(60)
      ? { instruction: "clp", command, cc: 0, response: random.one(responses), ...common }
      : { instruction: "clp", command, cc: random.one([2, 2, 3]), ...common };
  const rpcit = (): Answer => ({ instruction: "rpcit", ...refusal(), ...common });
  if (maps.includes(op)) return [rpcit()];
  if (attaches.includes(op)) {
    if (random.chance(15)) return [rpcit()];
    return [mpcifc(random.one(["register-ioat", "unregister-ioat"]))];
  }
  if (resets.includes(op)) {
    if (random.chance(60)) return [clp(random.one(["enable", "disable"]))];
    return [mpcifc(random.pick(Object.keys(controls) as Control[]) ?? "register-ioat")];
  }
  if (withEvents.includes(op)) return [mpcifc(random.one(["reset-error", "reset-load-store-blocked"]))];
  return [];
}

/** What functions do at points of an operation; nothing where it has none, or nobody could do it. */
export function drawDuring(from: Source, operation: Operation): readonly Interjection[] {
  const points = pointsOf[operation.op] ?? [];
  const able = Object.values(from.state.functions).filter(
    (fn) => fn.inUse && fn.profile.device === "witness" && traitsOf(fn.profile).served,
  );
  if (points.length === 0 || able.length === 0) return [];
  const { random } = from;
  const near = "iova" in operation && typeof operation.iova === "string" ? operation.iova : null;
  const drawn: Interjection[] = [];
  let earliest = 0;
  for (let left = random.int(1, 2); left > 0; left -= 1) {
    earliest = random.int(earliest, points.length - 1);
    const at = points[earliest];
    const fn = random.pick(able);
    if (at === undefined || fn === undefined) break;
    const isFlush = at === "before-flush" || at === "after-flush";
    const domain = fn.domain === null ? undefined : from.state.domains[fn.domain];
    const reached = random.pick([...(domain?.table.keys() ?? [])]);
    const iova = near ?? (reached === undefined ? from.iova() : `0x${reached.toString(16)}`);
    const name = fn.profile.name;
    const of = isFlush && random.chance(60) ? { of: random.pick(domain?.members ?? []) ?? name } : {};
    drawn.push({
      at,
      ...of,
      operation: random.chance(12)
        ? { op: "flush", function: name, iova, length: "0x1000" }
        : { op: random.chance(50) ? "dma-write" : "dma-read", function: name, iova, block: random.int(0, 15) },
    });
  }
  return drawn;
}

/**
 * Operations of which one allocation may fail: who made it undoes what was done, and nothing is lost by it. What the kernel goes on without,
 * and may lose (fixtures/fail-nth/losses.yaml), functions are opened, attached and reset with.
 */
const failing: ReadonlySet<OperationName> = new Set<OperationName>([
  ...(["ioas-alloc", "ioas-map", "ioas-unmap", "ioas-copy", "iova-ranges", "huge-pages", "detach"] as const),
  ...(["container-open", "container-map", "container-unmap"] as const),
  ...(["access-create", "access-pin", "access-unpin", "access-read", "access-write", "access-replace"] as const),
]);
/** Most allocations of one of them, or nearly. */
const mostAllocations = 24;

/** Which allocation of an operation fails; nothing where none is to. */
export const drawFailing = ({ random }: Source, op: OperationName): Partial<Operation> =>
  failing.has(op) ? { failNth: random.int(1, random.one([4, 12, mostAllocations])) } : {};
