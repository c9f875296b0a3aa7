/**
 * Answers: what the guest is told of a zPCI instruction instead of what the hypervisor has to say, so that every error leg
 * of the architecture can be taken on purpose.
 */
import * as z from "zod";
import { nameSchema } from "./names.ts";

/** Operation controls of Modify PCI Function Controls, by number (arch/s390/include/asm/pci_insn.h, ZPCI_MOD_FC_*). */
export const controls = {
  "register-interrupts": [2, 16],
  "unregister-interrupts": [3, 17],
  "register-ioat": [4],
  "unregister-ioat": [5],
  "reset-error": [7],
  "reset-load-store-blocked": [9],
  "set-measurement": [10],
} as const satisfies Readonly<Record<string, readonly number[]>>;

/** Name of an operation control. */
export type Control = keyof typeof controls;

/** Commands of Call Logical Processor (arch/s390/include/asm/pci_clp.h): enable and disable are those of Set PCI Function. */
export const commands = ["enable", "disable", "list", "query", "query-group"] as const;

/** Name of a command. */
export type Command = (typeof commands)[number];

const common = {
  of: nameSchema.optional().describe("The function that the instruction names; any where absent"),
  times: z.int().min(1).max(200).default(1).describe("How often it is answered so"),
  from: z.int().min(1).max(200).default(1).describe("The first execution that is answered so; 1 is the first of all"),
  done: z
    .boolean()
    .default(false)
    .describe("The hypervisor does what it is told all the same; only its answer is another"),
};
const conditionCode = z
  .int()
  .min(0)
  .max(3)
  .describe("Condition code: 0 as if it had been done, 1 with a status, 2 busy, 3 no such function");
const status = z.int().min(1).max(255).optional().describe("Status code, where the condition code is 1");

const onlyWithOne = ({ cc, status: told }: { cc: number; status?: number | undefined }): boolean =>
  (cc === 1) === (told !== undefined);
const statusRule = { message: "expected a status where cc is 1, and none else", path: ["status"] };

const hex = (digits: number): z.ZodString =>
  z
    .string()
    .regex(new RegExp(`^0x[0-9a-f]{1,${String(digits)}}$`, "u"), "expected a hexadecimal number such as 0x70");

/** Fields of responses that may be others than the hypervisor's own (arch/s390/include/asm/pci_clp.h), by command. */
export const saidFields = {
  "query-group": {
    dtsm: hex(2)
      .optional()
      .describe(
        "Types of translation tables that the functions may have: 0x10 region third, 0x20 second, 0x40 first, by bit",
      ),
    refresh: z.boolean().optional().describe("Whether the hypervisor wants an RPCIT for what becomes valid"),
    relaxed: z.boolean().optional().describe("Whether functions may go without translation"),
  },
  query: {
    sdma: hex(16).optional().describe("First address of DMA"),
    edma: hex(16).optional().describe("Last address of DMA"),
  },
} as const;

const saidSchema = z
  .strictObject({ ...saidFields["query-group"], ...saidFields.query })
  .refine((said) => Object.keys(said).length > 0, "expected a field such as dtsm");

/** What a response of the hypervisor says otherwise than it would. */
export type Said = z.output<typeof saidSchema>;

const fieldsSaidBy = (command: Command): Readonly<Record<string, unknown>> =>
  command === "query" || command === "query-group" ? saidFields[command] : {};

/** Fields of an answer, by instruction. */
export const answerSchemas = {
  mpcifc: z
    .strictObject({
      instruction: z.literal("mpcifc"),
      control: z.enum(Object.keys(controls) as [Control, ...Control[]]).describe("Its operation control"),
      cc: conditionCode,
      status,
      ...common,
    })
    .refine(onlyWithOne, statusRule)
    .refine(({ cc, control }) => cc !== 0 || control.endsWith("-ioat"), {
      message: "expected register-ioat or unregister-ioat: nothing else is answered as if it had been done",
      path: ["cc"],
    })
    .describe("Modify PCI Function Controls"),
  rpcit: z
    .strictObject({ instruction: z.literal("rpcit"), cc: conditionCode, status, ...common })
    .refine(onlyWithOne, statusRule)
    .describe("Refresh PCI Translations"),
  clp: z
    .strictObject({
      instruction: z.literal("clp"),
      command: z.enum(commands).describe("What the logical processor is called for"),
      cc: z.int().min(0).max(3).default(0).describe("Condition code; 0 with a response code"),
      response: z
        .string()
        .regex(/^0x[0-9a-f]{1,4}$/, "expected a response code such as 0x0105")
        .refine(
          (text) => ![0, 0x10].includes(Number(text)),
          "expected a response code of an error: 0x0010 is success",
        )
        .optional()
        .describe("Response code, where the condition code is 0"),
      says: saidSchema
        .optional()
        .describe("Fields that the hypervisor's own response has otherwise, where the condition code is 0"),
      ...common,
    })
    .refine(({ cc, response, says }) => (cc === 0) === ((response === undefined) !== (says === undefined)), {
      message: "expected either a response or says where cc is 0, and none else",
      path: ["response"],
    })
    .refine(({ command, says = {} }) => Object.keys(says).every((key) => key in fieldsSaidBy(command)), {
      message:
        "expected what this command's response has: sdma and edma of query; dtsm, refresh and relaxed of query-group",
      path: ["says"],
    })
    .refine(({ says, done }) => says === undefined || done, {
      message: "expected done: true, for the rest of the response is the hypervisor's own",
      path: ["says"],
    })
    .refine(({ command, of }) => of === undefined || (command !== "list" && command !== "query-group"), {
      message: "expected no function: this command names none",
      path: ["of"],
    })
    .describe("Call Logical Processor"),
} as const;

/** Instructions that can be answered in the hypervisor's place. */
export const instructions = Object.keys(answerSchemas) as (keyof typeof answerSchemas)[];

/** One answer, defaults filled in. */
export type Answer = {
  [N in keyof typeof answerSchemas]: z.output<(typeof answerSchemas)[N]>;
}[keyof typeof answerSchemas];

/** What is asked by an instruction that is executed, and of which function. */
export type Asked = { readonly of: string | null } & (
  | { readonly instruction: "mpcifc"; readonly control: Control }
  | { readonly instruction: "rpcit" }
  | { readonly instruction: "clp"; readonly command: Command }
);

const fits = (answer: Answer, asked: Asked): boolean => {
  if (answer.of !== undefined && answer.of !== asked.of) return false;
  if (answer.instruction === "mpcifc") return asked.instruction === "mpcifc" && answer.control === asked.control;
  if (answer.instruction === "clp") return asked.instruction === "clp" && answer.command === asked.command;
  return asked.instruction === "rpcit";
};

/**
 * Gives answers out, one execution after the other: the first answer of the list that fits, whose turn has come and that is
 * not used up. What an answer before it was given for does not count for those after it.
 */
export class AnswerBook {
  readonly #entries: { readonly answer: Answer; met: number; given: number }[];

  constructor(answers: readonly Answer[]) {
    this.#entries = answers.map((answer) => ({ answer, met: 0, given: 0 }));
  }

  /** The answer to an execution; null where the hypervisor answers. */
  take(asked: Asked): Answer | null {
    for (const entry of this.#entries) {
      if (entry.given === entry.answer.times || !fits(entry.answer, asked)) continue;
      entry.met += 1;
      if (entry.met < entry.answer.from) continue;
      entry.given += 1;
      return entry.answer;
    }
    return null;
  }

  /** Instructions that have answers left. */
  get awaited(): readonly Answer["instruction"][] {
    return [...new Set(this.#entries.filter(isLeft).map(({ answer }) => answer.instruction))];
  }

  /** How often each answer was given, in the list's order. */
  get given(): readonly number[] {
    return this.#entries.map(({ given }) => given);
  }
}

const isLeft = ({ answer, given }: { readonly answer: Answer; readonly given: number }): boolean =>
  given < answer.times;
