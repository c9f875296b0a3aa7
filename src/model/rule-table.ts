import { rules } from "./model.ts";
import { quirks } from "./quirks.ts";

/** A scenario as far as rules are concerned. */
interface Reaching {
  readonly name: string;
  readonly steps: readonly { readonly op: string }[];
}

/** Most scenarios that a row names. */
const namedScenarios = 6;

/** The model as a page of Markdown: every rule with its ground and the scenarios that reach it, and every quirk. */
export function describeRules(scenarios: readonly Reaching[]): string {
  const rows = Object.entries(rules).map(([operation, { ground }]) => {
    const reaching = scenarios
      .filter(({ steps }) => steps.some(({ op }) => op === operation))
      .map(({ name }) => name);
    return `| \`${operation}\` | ${escapeCell(ground)} | ${describeScenarios(reaching)} |`;
  });
  return [
    "# The reference emulator's rules",
    "",
    "Made by `npm run docs` from `src/model`; what the ground of a rule leaves to others is cited where the code does it (`src/model/host.ts`).",
    "",
    "| operation | ground | scenarios |",
    "|---|---|---|",
    ...rows,
    "",
    "## Quirks",
    "",
    "Switches that predict how an implementation is known to deviate; each has an entry in `fixtures/divergences`.",
    "",
    "| quirk | what it does |",
    "|---|---|",
    ...Object.entries(quirks).map(([name, text]) => `| \`${name}\` | ${escapeCell(text)} |`),
    "",
  ].join("\n");
}

const escapeCell = (text: string): string =>
  text.replaceAll("|", "\\|").replaceAll("_", "\\_").replaceAll("*", "\\*");

function describeScenarios(names: readonly string[]): string {
  const rest = names.length - namedScenarios;
  return `${names.slice(0, namedScenarios).join(", ")}${rest > 0 ? ` and ${String(rest)} more` : ""}`;
}
