/** A bench: what the scenarios of a run are performed on. */
import type { Address } from "../../src/plan/place-functions.ts";
import type { HostBackend } from "../../src/trace/host-view.ts";
import type { Plan } from "../../src/plan/plan.ts";
import type { Scenario } from "../../src/scenario/scenario.ts";
import type { Target } from "../../src/target/target.ts";
import type { ReportProgress } from "../assets/progress.ts";
import type { ChosenDomain } from "../libvirt/domain.ts";
import type { RealHost } from "../lpar/host-config.ts";
import type { BenchName } from "./bench-names.ts";
import type { BootKind } from "./boot-kinds.ts";

/** A bench, ready for any number of scenarios. Disposing it ends everything it started. */
export interface Bench extends AsyncDisposable {
  /** In words, such as `emulated: Linux 7.2.13 on QEMU 11.1.3`. */
  readonly title: string;
  /** What plans are made for. */
  readonly profile: Target["profile"];
  /** Addresses that functions of scenarios get, where somebody chose them. */
  readonly addresses?: readonly Address[];
  /** Images that run, for whoever checks them later. */
  readonly images: readonly { readonly path: string; readonly digest: string }[];
  /** Options of `zhil run` that choose this bench again. */
  readonly options: readonly string[];
  /** Whether a scenario's machine may come up while another scenario runs. */
  readonly startsAhead: boolean;
  /** What a scenario needs that this bench does not have, in words, beside what its profile tells; nothing where absent. */
  readonly lacks?: (scenario: Scenario) => readonly string[];
  /** The target of one scenario; what its guest writes to the console goes to the file. */
  createTarget(consoleFile: string): Target;
  /** Shell lines with which a person starts the machine of a plan; none where there is no machine. */
  describeMachine(plan: Plan): readonly string[];
}

/** Which bench, and with what. */
export interface BenchChoice {
  readonly name: BenchName;
  readonly kernel: string | null;
  readonly qemu: string | null;
  readonly boot: BootKind;
  /** The domain whose settings its machines have. */
  readonly domain?: ChosenDomain;
  /** The host of bench lpar. */
  readonly lpar?: RealHost;
  /** By what a guest has functions on its host, where there is one; iommufd where absent. */
  readonly backend?: HostBackend;
  readonly report: ReportProgress;
  readonly signal: AbortSignal;
}
