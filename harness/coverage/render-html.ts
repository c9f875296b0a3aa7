/** What was reached as one page for a browser, which needs nothing else: each file with its lines, and who reached them. */
import { percentOf, type CoverageRecord, type CoveredSource, type FileCoverage } from "./coverage-record.ts";
import { spellShare } from "./render-text.ts";
import type { LineTally } from "./tally.ts";

/** As many scenarios are named at a line. */
const namesShown = 8;

const style = `
body { font: 14px/1.45 sans-serif; margin: 2em auto; max-width: 78em; padding: 0 1em; color: #222; background: #fff; }
table.files { border-collapse: collapse; } table.files td, table.files th { padding: .2em .9em; text-align: left; }
table.files tr:nth-child(even) { background: #f4f4f4; } .below { color: #b00020; font-weight: bold; }
details { margin: .6em 0; } summary { cursor: pointer; font-weight: bold; }
pre { font: 12px/1.4 monospace; margin: .4em 0; overflow-x: auto; } pre span { display: block; white-space: pre; }
.yes { background: #e6f4e6; } .boot { background: #eef0fa; } .no { background: #fde4e4; } .why { background: #fdf3dc; }
i { display: inline-block; width: 4em; color: #888; font-style: normal; text-align: right; padding-right: 1em; }
`;

/** The page. */
export function renderHtml(record: CoverageRecord, sources: readonly CoveredSource[]): string {
  const title = `What scenarios reach of Linux ${record.kernel.version}`;
  const verdicts = Object.entries(record.verdicts).map(([verdict, count]) => `${String(count)} ${verdict}`);
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${escapeHtml(title)}</title><style>${style}</style></head><body>
<h1>${escapeHtml(title)}</h1>
<p>${escapeHtml(verdicts.join(", "))}. Green lines were reached by a scenario, blue ones only by the boot of the machine; red ones by
nothing, and yellow ones by nothing for a reason. The number before a line says how many scenarios reached it; point at it for their names.</p>
<table class="files"><tr><th>file</th><th>lines</th><th>functions</th><th>bar</th></tr>
${record.files.map(renderRow).join("\n")}
</table>
${record.files.map((file) => renderSource(file, sources)).join("\n")}
</body></html>
`;
}

function renderRow({ file, lines, functions, bar }: FileCoverage): string {
  const below = bar !== null && percentOf(lines) < bar ? ' class="below"' : "";
  const cells = [
    `<a href="#${file}">${file}</a>`,
    `<span${below}>${spellShare(lines)}</span>`,
    spellShare(functions),
  ];
  return `<tr>${[...cells, bar === null ? "" : `${String(bar)} %`].map((cell) => `<td>${cell}</td>`).join("")}</tr>`;
}

function renderSource({ file, lines, gaps }: FileCoverage, sources: readonly CoveredSource[]): string {
  const source = sources.find(({ tally }) => tally.file === file);
  if (source === undefined) return "";
  const tallies = new Map(source.tally.lines.map((each) => [each.line, each]));
  const reasons = new Map(gaps.flatMap(({ lines: missed, reason }) => missed.map((line) => [line, reason] as const)));
  const rows = source.source.split("\n").map((text, index) => {
    const tally = tallies.get(index + 1);
    return renderLine(index + 1, text, tally, reasons.get(index + 1) ?? null);
  });
  return `<details id="${file}"><summary>${file}: ${spellShare(lines)}</summary><pre>${rows.join("")}</pre></details>`;
}

function renderLine(line: number, text: string, tally: LineTally | undefined, reason: string | null): string {
  const scenarios = tally?.by.filter((name) => !name.startsWith("(")) ?? [];
  const number = `<i>${String(line)}</i><i>${scenarios.length === 0 ? "" : String(scenarios.length)}</i>`;
  return `<span${describeLine(tally, scenarios, reason)}>${number}${escapeHtml(text)}</span>`;
}

function describeLine(tally: LineTally | undefined, scenarios: readonly string[], reason: string | null): string {
  if (tally === undefined) return "";
  if (tally.count === 0) return reason === null ? ' class="no"' : ` class="why" title="${escapeHtml(reason)}"`;
  if (scenarios.length === 0) return ' class="boot" title="the boot of the machine"';
  const more = scenarios.length > namesShown ? ` and ${String(scenarios.length - namesShown)} more` : "";
  return ` class="yes" title="${escapeHtml(scenarios.slice(0, namesShown).join(", ") + more)}"`;
}

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

const escapeHtml = (text: string): string => text.replace(/[&<>"]/g, (each) => entities[each] ?? each);
