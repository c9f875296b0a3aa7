/** The other thread of {@link checkAll}. */
import { once } from "node:events";
import { parentPort, workerData } from "node:worker_threads";
import { takeShares, type NextShare, type Work } from "./check-all.ts";

if (parentPort !== null) {
  const [work] = (await once(parentPort, "message")) as [Work];
  for await (const checked of takeShares(work, workerData as NextShare)) parentPort.postMessage(checked);
}
