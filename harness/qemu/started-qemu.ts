/** A QEMU that runs, as the rest of the harness sees it. */
import type { Duplex } from "node:stream";
import { InfrastructureError } from "../errors/harness-error.ts";
import type { QmpClient } from "../qmp/qmp-client.ts";

/** How a machine came to its end. */
export type MachineEnd =
  | {
      readonly kind: "exited";
      readonly code: number | null;
      readonly signal: string | null;
      /** Last of what QEMU wrote to its standard error. */
      readonly stderr: string;
    }
  | {
      readonly kind: "panicked";
      /** Last of what the guest wrote to its console. */
      readonly console: string;
    }
  | {
      readonly kind: "powered-off";
      /** QMP's reason: `guest-shutdown`, `guest-reset`, `host-qmp-quit` … */
      readonly reason: string;
    };

/** What the guest wrote to its console, kept up to a limit. Untrusted: escape before showing. */
export interface ConsoleRecord {
  /** File that is being written. */
  readonly path: string;
  /** Bytes written so far, kept or not: a position to read from later. */
  readonly position: number;
  /** Bytes that were not kept. */
  readonly dropped: number;
  /** Text from a position on, the last 64 KiB at most. */
  textFrom(position: number): string;
  /** Has whatever comes from now on kept in another file, up to the same limit; nothing where the machine is no more. */
  continueIn(path: string): void;
}

/** A running machine: monitor connected, guest on its way. Ended and removed when disposed. */
export interface StartedQemu extends AsyncDisposable {
  readonly pid: number;
  /** Version as its monitor greets with, such as `11.1.3`. */
  readonly version: string;
  /** The command line it was started with, program first. */
  readonly commandLine: readonly string[];
  /** Folder of this machine in the scratch folder. */
  readonly folder: string;
  readonly qmp: QmpClient;
  readonly console: ConsoleRecord;
  /** Its virtio-serial ports by name: the host's ends. */
  readonly ports: ReadonlyMap<string, Duplex>;
  /** Resolves when the machine is no more, whatever the reason; never rejects. */
  readonly ended: Promise<MachineEnd>;
}

/**
 * The host's end of a machine's port.
 * @throws {InfrastructureError} where the machine has none of that name
 */
export function portOf(machine: Pick<StartedQemu, "ports">, name: string): Duplex {
  const port = machine.ports.get(name);
  if (port === undefined) throw new InfrastructureError({ what: `The machine has no port "${name}"` });
  return port;
}
