import type { RegisterCommand } from "../command.ts";
import { registerBench } from "./bench.ts";
import { registerBisect } from "./bisect.ts";
import { registerBisectStep } from "./bisect-step.ts";
import { registerBenchExplore } from "./bench-explore.ts";
import { registerCoverage } from "./coverage.ts";
import { registerDoctor } from "./doctor.ts";
import { registerExplore } from "./explore.ts";
import { registerExport } from "./export.ts";
import { registerHistory } from "./history.ts";
import { registerKernel } from "./kernel.ts";
import { registerKselftest } from "./kselftest.ts";
import { registerList } from "./list.ts";
import { registerMerge } from "./merge.ts";
import { registerMutants } from "./mutants.ts";
import { registerNightly } from "./nightly.ts";
import { registerPlan } from "./plan.ts";
import { registerCheck } from "./check.ts";
import { registerCompare } from "./compare.ts";
import { registerDivergences } from "./divergences.ts";
import { registerDomain } from "./domain.ts";
import { registerRecord } from "./record.ts";
import { registerRelease } from "./release.ts";
import { registerReport } from "./report.ts";
import { registerRun } from "./run.ts";
import { registerShow } from "./show.ts";
import { registerWorker } from "./worker.ts";

/** Every subcommand, in the order of the help. A new one is a file here and a line in this list. */
export const commands: readonly RegisterCommand[] = [
  registerRun,
  registerList,
  registerShow,
  registerReport,
  registerRecord,
  registerCheck,
  registerCompare,
  registerDivergences,
  registerDomain,
  registerExport,
  registerKernel,
  registerBisect,
  registerBisectStep,
  registerExplore,
  registerMutants,
  registerCoverage,
  registerKselftest,
  registerNightly,
  registerHistory,
  registerPlan,
  registerMerge,
  registerWorker,
  registerBench,
  registerBenchExplore,
  registerDoctor,
  registerRelease,
];
