/** What went wrong, in how many ways: the fails of runs by what they have in common. */
import { rules } from "../../../src/model/model.ts";
import { carriedOutBy } from "../../../src/report/carried-out.ts";
import { explainPath, generalisePath, mostTelling } from "../../../src/report/explain-path.ts";
import { findLeadUp } from "../../../src/report/lead-up.ts";
import type { PageCell, PageFinding, PageLead } from "../../../src/report/page-data.ts";
import type { ScenarioEvidence } from "../../evidence/read-evidence.ts";
import { describeExpected, describeObserved } from "../describe-record.ts";
import { describeOperation } from "../describe-operation.ts";
import { layBeside } from "../lay-beside.ts";
import { boundText } from "./bounded.ts";

/** What else differs of a step that failed, at most. */
const mostBesides = 4;

/** Of the first step that failed, the difference that tells most, and some of the others; of the first that is known where none did. */
export function firstDifferences({
  record,
  steps,
  judgement,
}: ScenarioEvidence): Pick<PageCell, "first" | "besides"> {
  const differences = record?.differences ?? [];
  const first = differences.find((each) => each.verdict === "fail") ?? differences[0];
  if (first === undefined) return { first: null, besides: [] };
  const together = differences.filter((each) => each.step === first.step && each.verdict === first.verdict);
  const told = mostTelling(together.map(({ path }) => path));
  const difference = together.find(({ path }) => path === told) ?? first;
  const others = first.verdict === "fail" ? together.filter((each) => each !== difference) : [];
  const judged = judgement?.steps.find(({ step }) => step === first.step);
  const observation = steps.find(({ step }) => step === first.step)?.observation;
  const spelled = spellDifference(difference);
  // A step that fails is judged against what is known of the kernel and QEMU: who reads wants to know of the contract as well.
  const contract =
    first.verdict !== "fail" || judged === undefined || judged.quirk === null
      ? undefined
      : layBeside(judged.contract, observation, new Set([told])).find(({ path }) => path === told)?.expected;
  return {
    first: {
      ...{ step: first.step, operation: boundText(first.operation, 60), ...spelled },
      contract: contract === undefined || contract === spelled.expected ? null : boundText(contract, 300),
    },
    besides: others.slice(0, mostBesides).map(spellDifference),
  };
}

const spellDifference = ({
  path,
  expected,
  observed,
}: NonNullable<ScenarioEvidence["record"]>["differences"][number]): PageCell["besides"][number] => ({
  path: boundText(path, 200),
  expected: boundText(describeExpected(expected), 300),
  observed: boundText(describeObserved(observed), 300),
});

/** The steps that led to the first difference of a scenario that failed, and who of the kernel carries them out. */
export function collectLeads({ steps, judgement }: ScenarioEvidence, cell: PageCell): readonly PageLead[] {
  const { first } = cell;
  if (cell.verdict !== "fail" || first === null) return [];
  const judged = new Map(judgement?.steps.map(({ step, verdict }) => [step, verdict]));
  const leading = steps.map(({ step, operation, observation: { result } }) => ({
    ...{ operation, result },
    verdict: judged.get(step) ?? "none",
  }));
  const failing = steps.findIndex(({ step }) => step === first.step);
  return findLeadUp(leading, failing).flatMap((index) => {
    const step = steps[index];
    if (step === undefined) return [];
    const { operation, note, observation } = step;
    return {
      ...{ step: step.step, text: boundText(describeOperation(operation), 300) },
      note: note === null ? null : boundText(note),
      result: boundText(observation.result, 60),
      by: carriedOutBy(operation.op, rules[operation.op].ground),
    };
  });
}

/**
 * Fails by what they have in common: the operation and the kind of place where they first differ, or the alarm, whichever operation
 * raised it, in whichever runs. Most cells first, and of as many the one that shows earliest.
 * @param leads of each cell
 */
export function findFindings(
  cells: readonly PageCell[],
  leads: readonly (readonly PageLead[])[],
): readonly PageFinding[] {
  const groups = new Map<string, number[]>();
  cells.forEach(({ verdict, first }, index) => {
    if (verdict !== "fail" || first === null) return;
    const kind = first.path === "alarms" ? firstAlarm(first.observed) : generalisePath(first.path);
    const key = [first.path === "alarms" ? "" : first.operation, kind].join("\n");
    groups.set(key, [...(groups.get(key) ?? []), index]);
  });
  const stepsOf = (index: number): number => cells[index]?.steps ?? 0;
  const firstStep = ({ cells: [index = -1] }: PageFinding): number => cells[index]?.first?.step ?? 0;
  return [...groups.values()]
    .flatMap((found): PageFinding[] => {
      const sorted = found.sort((one, other) => stepsOf(one) - stepsOf(other));
      const [shortest = -1] = sorted;
      const cell = cells[shortest];
      if (cell?.first === null || cell === undefined) return [];
      const { operation, path } = cell.first;
      return [
        {
          ...{ operation, path: generalisePath(path), meaning: explainPath(path), cells: sorted },
          operations: [...new Set(sorted.flatMap((index) => cells[index]?.first?.operation ?? []))],
          leads: leads[shortest] ?? [],
        },
      ];
    })
    .sort((one, other) => other.cells.length - one.cells.length || firstStep(one) - firstStep(other));
}

/** What was observed is a list as JSON: its first line. */
const firstAlarm = (observed: string): string =>
  /^\["(?<line>(?:[^"\\]|\\.)*)"/u.exec(observed)?.groups?.["line"] ?? "";
