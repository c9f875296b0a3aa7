/** A scenario on NVMe controllers in place of witnesses. */
import type { OperationName } from "../operation/operation.ts";
import type { Scenario, ScenarioStep } from "./scenario.ts";

/** Bytes between the queues of one function and those of the next; a scenario's own mappings come after them. */
const queueSpan = 0x4000;

/** Where a function is: what its queues are mapped in, and where they were mapped before. */
interface Seat {
  readonly queues: { readonly iova: string; readonly buffer: string };
  place: Place | null;
  readonly mappedIn: Set<string>;
}

interface Place {
  readonly kind: "ioas" | "container";
  readonly name: string;
}

const step = (op: OperationName, fields: Readonly<Record<string, unknown>>): ScenarioStep => ({
  ...{ op, fields, note: null, during: [], answers: [] },
});

/**
 * Functions, tags and steps of the scenario with every witness of it an NVMe: what makes a witness bus master maps the controller's
 * queues, again where they were mapped before, and enables it. A witness is reset by its slot, so the NVMe is, too.
 */
export function onNvme(scenario: Scenario): Pick<Scenario, "tags" | "functions" | "steps"> {
  const { functions, steps, tags } = scenario;
  const exchanged = Object.keys(functions).filter((name) => functions[name] === "witness");
  const seats = new Map(
    exchanged.map((name, index): [string, Seat] => [
      name,
      {
        queues: { iova: `base+0x${(index * queueSpan).toString(16)}`, buffer: `${name}.queues` },
        place: null,
        mappedIn: new Set(),
      },
    ]),
  );
  const ioases = new Map<unknown, string>();
  return {
    tags,
    functions: Object.fromEntries(
      Object.entries(functions).map(([name, each]) => [name, each === "witness" ? "nvme" : each]),
    ),
    steps: [
      ...exchanged.map((name) => step("reset-method", { function: name, method: "bus" })),
      ...steps.flatMap((each) => exchange(each, seats, ioases)),
    ],
  };
}

function exchange(
  each: ScenarioStep,
  seats: ReadonlyMap<string, Seat>,
  ioases: Map<unknown, string>,
): ScenarioStep[] {
  const { op, fields } = each;
  if (op === "hwpt-alloc") ioases.set(fields["hwpt"], String(fields["ioas"]));
  const seat = seats.get(String(fields["function"]));
  if (seat === undefined) return [each];
  if (op === "attach" || op === "replace") {
    seat.place = { kind: "ioas", name: ioases.get(fields["to"]) ?? String(fields["to"]) };
  } else if (op === "group-set-container") seat.place = { kind: "container", name: String(fields["container"]) };
  return op === "bus-master" ? enable(String(fields["function"]), seat) : [each];
}

function enable(name: string, { queues, place, mappedIn }: Seat): ScenarioStep[] {
  if (place === null) throw new Error(`"${name}" is made bus master before it is attached: nothing takes its queues`);
  const { kind, name: where } = place;
  const target = { [kind]: where };
  const isMapped = mappedIn.has(where);
  mappedIn.add(where);
  const length = `0x${queueSpan.toString(16)}`;
  return [
    ...(isMapped ? [step(`${kind}-unmap`, { ...target, iova: queues.iova, length })] : []),
    step(`${kind}-map`, { ...target, ...queues, page: 0, skew: 0, read: true, write: true }),
    step("nvme-enable", { function: name, iova: queues.iova }),
  ];
}
