/** The runners of a plan, as a configuration has them. */
import { listMachines, type CheckedConfig } from "../nightly/config.ts";
import type { Runner } from "./shard-plan.ts";

/** So many runners, of the configuration's kinds in turn. */
export function listRunners(config: CheckedConfig, shards: number): readonly Runner[] {
  const machines = new Map(listMachines(config).map((machine) => [machine.name, machine]));
  const has = (own: readonly string[] | undefined, wanted: string): boolean =>
    own === undefined || wanted === "" || own.includes(wanted);
  const kinds = config.runners.map(({ name, benches, kernels, qemus, devices }): Runner => ({
    name,
    can: ({ machine, device }) => {
      const { bench = "", kernel = "", qemu = "" } = machines.get(machine) ?? {};
      return has(benches, bench) && has(kernels, kernel) && has(qemus, qemu) && has(devices, device);
    },
  }));
  return Array.from({ length: shards }, (_, index) => kinds[index % kinds.length]).filter(
    (kind) => kind !== undefined,
  );
}
