/** The pages of the reference that are made from the code as it was built: commands, operations, scenario files, ledger. */
import { runCli } from "../../dist/harness/cli/run-cli.js";
import { commandNames } from "../../dist/harness/cli/commands/commands.js";
import { readLedger } from "../../dist/harness/scenarios/read-ledger.js";
import { rules } from "../../dist/src/model/model.js";
import { scenarioJsonSchema } from "../../dist/src/scenario/scenario.js";

/** Their Markdown, by path. */
export async function makeReference() {
  const { items, ...steps } = scenarioJsonSchema().properties.steps;
  return {
    "reference/commands.md": await describeCommands(),
    "reference/operations.md": describeOperations(items.properties),
    "reference/scenario.md": describeScenario({ ...scenarioJsonSchema().properties, steps }),
    "reference/ledger.md": describeLedger(await readLedger()),
  };
}

async function describeCommands() {
  const parts = ["# Commands", "", "What `zhil COMMAND --help` prints.", "", ...fence(await helpOf([]))];
  for (const name of commandNames) parts.push(`## zhil ${name}`, "", ...fence(await helpOf([name])));
  return parts.join("\n");
}

async function helpOf(argv) {
  let text = "";
  const output = { write: (part) => void (text += part), isTerminal: false, columns: 100 };
  const io = {
    stdout: output,
    stderr: output,
    environment: {},
    workingFolder: ".",
    interrupt: new AbortController().signal,
  };
  const code = await runCli([...argv, "--help"], io);
  if (code !== 0) throw new Error(`zhil ${argv.join(" ")} --help exits with ${code}: ${text}`);
  return text.trimEnd();
}

const fence = (text) => ["```", text, "```", ""];

function describeOperations(operations) {
  const parts = [
    "# Operations",
    "",
    "What a step of a scenario may be. Phrases stand for several operations. A step may have a `note`, too.",
  ];
  for (const [name, { description = "", properties = {}, required = [] }] of Object.entries(operations)) {
    // What a step has besides is no operation.
    if (Object.keys(properties).length === 0 && rules[name] === undefined) continue;
    parts.push("", `## ${name}`, "", description === "" ? "" : `${description}.`);
    const ground = rules[name]?.ground;
    if (ground !== undefined) parts.push("", `Predicted by: ${escapeText(ground)}`);
    parts.push("", ...describeFields(properties, required));
  }
  return parts.join("\n");
}

const describeScenario = (properties) =>
  [
    "# Scenario files",
    "",
    "YAML, checked by a schema that editors take as well (`fixtures/scenario.schema.json`).",
    "",
    ...describeFields(properties, ["name", "summary", "tags", "functions", "steps"]),
  ].join("\n");

function describeFields(properties, required) {
  const rows = Object.entries(properties).map(([name, schema]) => {
    const fallback = schema.default === undefined ? "" : ` Default: \`${JSON.stringify(schema.default)}\`.`;
    const must = required.includes(name) ? "" : "optional";
    return `| \`${name}\` | ${escapeCell(describeType(schema))} | ${must} | ${escapeCell(escapeText(schema.description ?? ""))}${escapeCell(fallback)} |`;
  });
  return rows.length === 0 ? [] : ["| field | is | | |", "|---|---|---|---|", ...rows];
}

function describeType({ type, enum: values, anyOf, items }) {
  if (values !== undefined) return values.map((value) => `\`${JSON.stringify(value)}\``).join(", ");
  if (anyOf !== undefined) return anyOf.map(describeType).join(" or ");
  if (type === "array") return `list${items === undefined ? "" : ` of ${describeType(items)}`}`;
  return [type ?? "anything"].flat().join(" or ");
}

function describeLedger(ledger) {
  const parts = [
    "# The ledger",
    "",
    "Every difference that is known between the contract and what kernels and QEMU do.",
  ];
  for (const { name, title, fault, contract, observed, analysis, evidence, sources } of ledger) {
    parts.push("", `## ${name}`, "", `${escapeText(title)}. At fault: ${fault}.`);
    for (const [what, text] of [
      ["Contract", contract],
      ["Observed", observed],
      ["Analysis", analysis],
    ]) {
      parts.push("", `**${what}.** ${escapeText(text)}`);
    }
    parts.push("", `Shown by ${evidence.map((each) => `\`${each}\``).join(", ")}.`, "");
    for (const source of sources) parts.push(`- ${escapeText(source)}`);
  }
  return parts.join("\n");
}

const escapeCell = (text) => text.replaceAll("|", "\\|").replaceAll("\n", " ");
const escapeText = (text) => text.replace(/[\\`*_<>[\]]/gu, "\\$&");
