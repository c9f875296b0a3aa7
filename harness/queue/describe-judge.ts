import type { Ledger } from "../../src/verdict/ledger.ts";
import { makeKey } from "../assets/digest.ts";
import { recorder } from "../run/recorder.ts";

/** By what a worker judges: the version of this project, and its ledger. Results by another one are not put together. */
export const describeJudge = (ledger: Ledger): string => `${recorder} ${makeKey({ ledger: JSON.stringify(ledger) })}`;
