/** A domain of libvirt's, as far as a bench can be one. */

import type { Address } from "../../src/plan/place-functions.ts";

/** A function with the addresses that its guest knows it by. */
export interface DomainFunction {
  /** `hostdev` is a function of the host's, handed through. */
  readonly kind: "hostdev" | "nvme" | "virtio-rng";
  readonly uid: number;
  readonly fid: number;
  /** Address on the host of one that is handed through: domain:bus:slot.function. */
  readonly source?: string;
  /** Handed through by iommufd rather than by a container. */
  readonly iommufd?: boolean;
}

/** What a bench takes of a domain. */
export interface Domain {
  readonly name: string;
  readonly memoryMiB: number;
  readonly cpus: number;
  /** QEMU's machine, such as `s390-ccw-virtio-9.2`. */
  readonly machine: string;
  readonly functions: readonly DomainFunction[];
}

/** A domain, and the file that it was read from. */
export interface ChosenDomain extends Domain {
  readonly file: string;
}

/** A domain that was read, and what of it is of no account here. */
export interface ParsedDomain {
  readonly domain: Domain;
  /** Each with why it is of no account. */
  readonly ignored: readonly string[];
}

/** UIDs and FIDs that there are (QEMU hw/s390x/s390-pci-bus.h, ZPCI_MAX_UID; a FID has 32 bits). */
export const limits = { uid: 0xffff, fid: 0xffff_ffff } as const;

/** The addresses that functions of scenarios get: those of a domain's functions of their kind, or of any that is handed through. */
export const addressesOf = ({ functions }: Domain): readonly Address[] => [
  ...functions.flatMap(({ kind, uid, fid }) => (kind === "hostdev" ? [] : [{ device: kind, uid, fid }])),
  ...functions.flatMap(({ kind, uid, fid }) => (kind === "hostdev" ? [{ device: null, uid, fid }] : [])),
];
