/** Functions that are broken, each in one way: what stands between their answers and those of a sound one. */
import type { DeviceKind } from "../../src/trace/device-kinds.ts";
import { msixCapability } from "./config-space.ts";
import { decode, encode } from "./layout.ts";
import { messages } from "./messages.ts";
import type { Tamper } from "./serve-function.ts";

/** Milliseconds that a slow function takes for an answer. */
const slowness = 10;
const configRegion = 7;
const msixIrq = 2;
const never = new Promise<never>(() => undefined);

/** Changes bytes of the configuration space where they are read. */
const tamperConfig =
  (change: (at: number, value: number) => number): Tamper =>
  (name, payload, answer) => {
    const answered = answer();
    if (name !== "VFIO_USER_REGION_READ" || answered instanceof Promise) return answered;
    const { region, offset } = decode(name, messages[name].request, payload);
    if (region !== configRegion) return answered;
    const header = answered.length - decode(name, messages[name].request, payload).count;
    return answered.map((value, index) => (index < header ? value : change(Number(offset) + index - header, value)));
  };

/** The capability says nothing, and there is no such interrupt. */
const hideMsix: Tamper = (name, payload, answer) => {
  if (name === "VFIO_USER_DEVICE_GET_IRQ_INFO") {
    const { request, reply } = messages[name];
    const { argsz, index } = decode(name, request, payload);
    if (index === msixIrq) return encode(reply, { argsz, flags: 0, index, count: 0 });
  }
  return tamperConfig((at, value) => (at === msixCapability ? 0 : value))(name, payload, answer);
};

/** A BAR that is another one each time it is asked for. */
function changeBarSize(): Tamper {
  let asked = 0;
  return (name, payload, answer) => {
    if (name !== "VFIO_USER_DEVICE_GET_REGION_INFO") return answer();
    const { request, reply } = messages[name];
    const { argsz, index } = decode(name, request, payload);
    if (index !== 0) return answer();
    asked += 1;
    return encode(reply, { argsz, flags: 3, index, capOffset: 0, size: BigInt(4096 << (asked - 1)), offset: 0n });
  };
}

/** What stands in the way of a device's answers; undefined where nothing does. `die` ends the connection. */
export function tamperOf(device: DeviceKind, die: () => void): Tamper | undefined {
  switch (device) {
    case "slow":
      return (_, __, answer) =>
        new Promise((resolve, reject) => {
          setTimeout(() => {
            try {
              resolve(answer());
            } catch (error) {
              reject(error instanceof Error ? error : new Error(String(error)));
            }
          }, slowness);
        });
    case "broken-no-msix":
      return hideMsix;
    case "broken-vendor":
      return tamperConfig((at, value) => (at < 4 ? 0xff : value));
    case "broken-bar-size":
      return changeBarSize();
    case "broken-hangs":
      return (name, _, answer) => (name === "VFIO_USER_DEVICE_GET_INFO" ? never : answer());
    case "broken-dies":
      return (name, _, answer) => {
        if (name === "VFIO_USER_DEVICE_GET_INFO") die();
        return answer();
      };
    default:
      return undefined;
  }
}
