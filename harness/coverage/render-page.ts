/** The page docs/coverage.md: what is reached, and why the rest is not. */
import { countUnexplained, type CoverageRecord, type FileCoverage } from "./coverage-record.ts";
import { spellRange, spellShare } from "./render-text.ts";

/** The page, as Markdown. */
export function renderPage(record: CoverageRecord): string {
  const scenarios = Object.values(record.verdicts).reduce((sum, each) => sum + each, 0);
  return `# What the suite reaches of the kernel

Written by \`zhil coverage --page\`; not to be changed by hand. ${String(scenarios)} scenarios on Linux ${record.kernel.version}, each on a clone of
its own; [how it is counted](decisions/0011-counts-by-gcov.md). Why a line is not reached is said in
[fixtures/coverage/unreached.yaml](../fixtures/coverage/unreached.yaml), by function and text.

| file | lines | functions | bar | lines without a reason |
|---|---|---|---|---|
${record.files.map(renderRow).join("\n")}

Lines are those that the compiler made code of. The boot of the machine counts as well: what it alone reaches is ${String(
    record.files.reduce((sum, { bootOnly }) => sum + bootOnly, 0),
  )} lines.
${record.files.map(renderFile).join("")}`;
}

const renderRow = (each: FileCoverage): string =>
  `| \`${each.file}\` | ${spell(each.lines)} | ${spell(each.functions)} | ${each.bar === null ? "" : `${String(each.bar)} %`} | ${String(countUnexplained(each))} |`;

const spell = (share: FileCoverage["lines"]): string => spellShare(share).replace(/ +/g, " ");

function renderFile({ file, gaps }: FileCoverage): string {
  if (gaps.length === 0) return "";
  const rows = gaps.map(({ function: name, whole, lines, text, reason }) => {
    const what = whole ? "never called" : `\`${escapeCell(text[0] ?? "")}\``;
    return `| ${spellRange(lines)} | \`${name ?? "?"}\` | ${what} | ${escapeCell(reason ?? "**no reason yet**")} |`;
  });
  return `\n## ${file}\n\n| lines | function | begins with | why |\n|---|---|---|---|\n${rows.join("\n")}\n`;
}

const escapeCell = (text: string): string => text.replace(/\|/g, "\\|").replace(/\s+/g, " ").trim();
