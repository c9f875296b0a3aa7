/** Operations that happen elsewhere than in the guest whose kernel a scenario is about: on its host, or to the guest as a whole. */
import * as z from "zod";
import { nameSchema } from "./names.ts";

const onFunction = { function: nameSchema };

/** What is done on the host, each with its fields. */
export const hostFields = {
  "host-reset-method": z
    .strictObject({ ...onFunction, method: z.enum(["flr", "bus", "default"]) })
    .describe("On the host: write the reset_method of a function that a guest has"),
  "host-reset": z
    .strictObject(onFunction)
    .describe("On the host: write 1 to the sysfs reset attribute of a function that a guest has"),
  "host-unbind": z
    .strictObject(onFunction)
    .describe("On the host: unbind a function from vfio-pci while a guest has it, which is asked to let go of it"),
  "host-recover": z
    .strictObject(onFunction)
    .describe("On the host: write 1 to the sysfs recover attribute of a function that a guest has"),
  "host-unplug": z
    .strictObject(onFunction)
    .describe("Have the host's hypervisor ask the host to let go of a function that a guest has: device_del"),
  "host-remove": z
    .strictObject(onFunction)
    .describe(
      "On the host: remove a function by sysfs that somebody in the guest holds; it is asked for, and the host waits",
    ),
  "host-await": z
    .strictObject(onFunction)
    .describe("On the host: wait until a function that was removed there has been let go of by the guest"),
  "host-lose": z
    .strictObject(onFunction)
    .describe("Have the host be told that a function that a guest has was taken from it unasked: event 0x0304"),
} as const;

/** Who may have a guest boot anew. */
const rebooters = ["host", "guest"] as const;

/** One of those. */
export type Rebooter = (typeof rebooters)[number];

/** What is done to a guest as a whole. */
export const guestFields = {
  "guest-kill": z
    .strictObject({})
    .describe("On the host: end the guest's QEMU, whatever the guest is at; the last step"),
  "guest-reset": z
    .strictObject({})
    .describe("On the host: reset the guest's machine, as a reboot does, whatever the guest is at; the last step"),
  "guest-reboot": z
    .strictObject({
      by: z
        .enum(rebooters)
        .default("host")
        .describe("Who begins: the host, which resets the guest's machine, or the guest itself, by reboot(2)"),
    })
    .describe(
      "Have the guest's kernel boot anew, whatever the guest is at; of names only functions and buffers are left",
    ),
} as const;

/** The name of an operation on the host. */
export type HostOperationName = keyof typeof hostFields;

/** The name of what is done to a guest as a whole. */
export type GuestOperationName = keyof typeof guestFields;

/** The name of what ends a guest. */
export type GuestEndName = Exclude<GuestOperationName, "guest-reboot">;

/** Whether an operation needs a host whose guest the scenario's kernel is. */
export const needsHost = (op: string): boolean => op in hostFields || op in guestFields;
