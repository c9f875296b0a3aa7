/** Measurements in, figures beside their bars out. */
import type { Figure } from "./benchmark-record.ts";
import { hostBackends } from "../../src/trace/host-view.ts";
import { judgeFigure, unmeasured, type FigureDefinition, type Finding } from "./figure.ts";
import { judgeRuns } from "./judge-runs.ts";
import type {
  CheckMeasurement,
  DmaMeasurement,
  Measured,
  MemoryMeasurement,
  MessagesMeasurement,
  PassthroughMeasurement,
  Measurements,
  ScenarioMeasurement,
  SideMeasurement,
  ThawMeasurement,
} from "./measurements.ts";
import { medianOf, spreadOf } from "./spread.ts";

/** Milliseconds that a thaw may take over the spawn of an idle QEMU, before the factor. */
const thawAllowance = 60;
const mebibytes = (memoryMiB: number): string =>
  memoryMiB % 1024 === 0 ? `${memoryMiB / 1024} GiB` : `${memoryMiB} MiB`;

/** Every figure of what was measured, in the order of the table. */
export function judgeMeasurements(measurements: Measurements, cores: number): readonly Figure[] {
  const { thaw, scenario, memory, dma, messages, check, runs, passthrough } = measurements;
  return [
    ...(thaw === undefined ? [] : judgeThaw(thaw)),
    ...(scenario === undefined ? [] : judgeScenario(scenario)),
    ...(memory === undefined ? [] : [judgeMemory(memory)]),
    ...(dma === undefined ? [] : [judgeDma(dma)]),
    ...(messages === undefined ? [] : [judgeMessages(messages)]),
    ...(check === undefined ? [] : judgeCheck(check)),
    ...(runs === undefined ? [] : judgeRuns(runs, cores)),
    ...(passthrough === undefined ? [] : judgePassthrough(passthrough)),
  ];
}

function judgeThaw(measured: Measured<ThawMeasurement>): readonly Figure[] {
  const memories = [512, 4096];
  const spawn: FigureDefinition = {
    ...{ figure: "spawn", part: "thaw", what: "a QEMU that does nothing, until its monitor takes commands" },
    ...{ unit: "ms", bar: null },
  };
  const thaws = memories.map((memoryMiB): FigureDefinition => ({
    ...{
      figure: `thaw-${memoryMiB}`,
      part: "thaw",
      what: `thaw to the agent's first answer, ${mebibytes(memoryMiB)}`,
    },
    ...{ unit: "ms", bar: { relation: "at most", limit: 1.3, of: "ratio" } },
  }));
  const growth: FigureDefinition = {
    ...{ figure: "thaw-by-memory", part: "thaw", what: "what 4 GiB change of it, against 512 MiB" },
    ...{ unit: "%", bar: { relation: "below", limit: 10, of: "value" } },
  };
  if ("failed" in measured) return [spawn, ...thaws, growth].map((each) => unmeasured(each, measured.failed));
  const { spawns, thaws: found } = measured.found;
  const samplesOf = (memoryMiB: number): readonly number[] =>
    found.find((each) => each.memoryMiB === memoryMiB)?.samples ?? [];
  const allowed = medianOf(spawns) + thawAllowance;
  const [small = NaN, large = NaN] = memories.map((memoryMiB) => medianOf(samplesOf(memoryMiB)));
  return [
    judgeFigure(spawn, ofSamples(spawns)),
    ...thaws.map((definition, index) => {
      const samples = ofSamples(samplesOf(memories[index] ?? NaN));
      const baseline = { what: `spawn + ${thawAllowance} ms`, value: allowed };
      return judgeFigure(definition, { ...samples, baseline, ratio: samples.value / allowed });
    }),
    judgeFigure(growth, { value: Math.abs(large / small - 1) * 100 }),
  ];
}

function judgeScenario(measured: Measured<ScenarioMeasurement>): readonly Figure[] {
  const compare = (
    name: string,
    clone: keyof ScenarioMeasurement,
    cold: keyof ScenarioMeasurement,
    limit: number,
  ): readonly Figure[] => {
    const kernel = cold === "debianCold" ? "Debian's kernel" : "the lean kernel";
    const api = clone === "type1Clone" ? "type1" : "iommufd";
    const inTurn: FigureDefinition = {
      ...{ figure: `clone-against-${name}`, part: "scenario", unit: "ms" },
      what: `smallest scenario (${api}) on a clone, one after the other (-j 1)`,
      bar: { relation: "at least", limit, of: "ratio" },
    };
    const alone: FigureDefinition = {
      ...{ figure: `clone-against-${name}-alone`, part: "scenario", unit: "ms" },
      ...{ what: "the same alone, from nothing to the end of its machine", bar: null },
    };
    if ("failed" in measured) return [inTurn, alone].map((each) => unmeasured(each, measured.failed));
    const [fast, slow] = [measured.found[clone], measured.found[cold]];
    if ("failed" in fast) return [inTurn, alone].map((each) => unmeasured(each, fast.failed));
    if ("failed" in slow) return [inTurn, alone].map((each) => unmeasured(each, slow.failed));
    const find = (samples: (side: SideMeasurement) => readonly number[]): Finding => {
      const found = ofSamples(samples(fast.found));
      const value = medianOf(samples(slow.found));
      return { ...found, baseline: { what: `cold boot of ${kernel}`, value }, ratio: value / found.value };
    };
    return [
      judgeFigure(
        inTurn,
        find((side) => side.inTurn),
      ),
      judgeFigure(
        alone,
        find((side) => side.alone),
      ),
    ];
  };
  return [...compare("cold", "clone", "cold", 6), ...compare("debian", "type1Clone", "debianCold", 25)];
}

function judgeMemory(measured: Measured<MemoryMeasurement>): Figure {
  const definition: FigureDefinition = {
    ...{ figure: "idle-memory", part: "memory", what: "private memory of an idle clone that has answered once" },
    ...{ unit: "MiB", bar: { relation: "at most", limit: 30, of: "value" } },
  };
  if ("failed" in measured) return unmeasured(definition, measured.failed);
  return judgeFigure(definition, ofSamples(measured.found.privateMiB));
}

function judgeDma(measured: Measured<DmaMeasurement>): Figure {
  const definition: FigureDefinition = {
    ...{ figure: "dma-round-trips", part: "dma", what: "DMA of a page by a function of ours, one after the other" },
    ...{ unit: "/s", bar: { relation: "at least", limit: 5000, of: "value" } },
  };
  if ("failed" in measured) return unmeasured(definition, measured.failed);
  return judgeFigure(definition, ofSamples(measured.found.perSecond));
}

function judgeMessages(measured: Measured<MessagesMeasurement>): Figure {
  const definition: FigureDefinition = {
    ...{
      figure: "message-share",
      part: "messages",
      what: "serving functions, of what the orchestrator does in a run of the suite",
    },
    ...{ unit: "%", bar: { relation: "at most", limit: 10, of: "value" } },
  };
  if ("failed" in measured) return unmeasured(definition, measured.failed);
  const { scenarios, messages, microsEach, ownSeconds } = measured.found;
  const note = `${messages} messages of at most ${microsEach.toFixed(0)} µs in ${scenarios} scenarios, which took ${ownSeconds.toFixed(1)} s of its CPU time`;
  return judgeFigure(definition, { value: ((messages * microsEach) / 1e6 / ownSeconds) * 100, note });
}

/** Milliseconds for a trace, of those that a thousand may take on two cores. */
const checkEach = 2;

function judgeCheck(measured: Measured<CheckMeasurement>): readonly Figure[] {
  const traces = "failed" in measured ? 1000 : measured.found.traces;
  // Fewer are over before the program is warm.
  const bar = traces < 1000 ? null : ({ relation: "at most", limit: traces * checkEach, of: "value" } as const);
  const definitions = [
    { figure: "check", what: `"zhil check" of ${traces.toLocaleString("en")} recorded traces, start to end`, bar },
    { figure: "check-first", what: "the first of these", bar },
    { figure: "help", what: '"zhil --help", start to end', bar: null },
  ].map((each): FigureDefinition => ({ ...each, part: "check", unit: "ms" }));
  if ("failed" in measured) return definitions.map((each) => unmeasured(each, measured.failed));
  const { checks, helps } = measured.found;
  const found = [ofSamples(checks), ofSamples(checks.slice(0, 1)), ofSamples(helps)];
  return definitions.map((each, index) => judgeFigure(each, found[index] ?? { value: NaN }));
}

function judgePassthrough(measured: Measured<readonly PassthroughMeasurement[]>): readonly Figure[] {
  return hostBackends.map((backend) => {
    const definition: FigureDefinition = {
      ...{ figure: `passthrough-${backend}`, part: "passthrough", unit: "ms" },
      what: `a replace under DMA in a guest on a host (${backend}), template to verdict`,
      bar: { relation: "at most", limit: 10_000, of: "value" },
    };
    if ("failed" in measured) return unmeasured(definition, measured.failed);
    const found = measured.found.find((each) => each.backend === backend);
    if (found === undefined) return unmeasured(definition, "it was not measured");
    const samples = ofSamples(found.clones.alone);
    const baseline = { what: "host and guest booted for it", value: found.cold };
    return judgeFigure(definition, { ...samples, baseline, ratio: found.cold / samples.value });
  });
}

const ofSamples = (samples: readonly number[]): Finding =>
  samples.length === 0 ? { value: NaN } : { value: medianOf(samples), spread: spreadOf(samples) };
