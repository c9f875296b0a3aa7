/** The other thread of {@link checkAll}. */
import { parentPort, workerData } from "node:worker_threads";
import { takeShares, type Shares } from "./check-all.ts";

for await (const checked of takeShares(workerData as Shares)) parentPort?.postMessage(checked);
