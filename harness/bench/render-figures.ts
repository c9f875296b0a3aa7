/** Figures as a table: a line each, what was found beside what was to be reached. */
import type { Paint, Shade } from "../report/paint.ts";
import { escapeLine } from "../report/escape.ts";
import type { BenchmarkRecord, Figure } from "./benchmark-record.ts";

const shades: Readonly<Record<Figure["state"], Shade>> = {
  met: "good",
  missed: "bad",
  unmeasured: "odd",
  shown: "faint",
};
const words: Readonly<Record<Figure["state"], string>> = {
  met: "met",
  missed: "MISSED",
  unmeasured: "not measured",
  shown: "",
};
const relations = { "at most": "≤", "at least": "≥", below: "<" } as const;

/** The lines of a table. */
export function renderFigures(figures: readonly Figure[], paint: Paint): readonly string[] {
  const head = ["figure", "measured", "p10–p90", "n", "baseline of this run", "ratio", "bar", ""];
  const rows = figures.map((figure) => [
    figure.what,
    describeValue(figure.value, figure.unit),
    figure.spread === null ? "" : `${digits(figure.spread.p10)}–${digits(figure.spread.p90)}`,
    figure.spread === null ? "" : String(figure.spread.n),
    figure.baseline === null ? "" : `${figure.baseline.what}: ${describeValue(figure.baseline.value, figure.unit)}`,
    figure.ratio === null ? "" : `${digits(figure.ratio)} ×`,
    describeBar(figure),
    words[figure.state],
  ]);
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] ?? "").length)),
  );
  const right = [1, 2, 3, 5, 6];
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) =>
        right.includes(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd();
  return [
    paint("strong", line(head)),
    ...figures.flatMap((figure, index) => {
      const { state, note } = figure;
      const row = line(rows[index] ?? []);
      const painted =
        state === "shown"
          ? row
          : row.replace(new RegExp(`${words[state]}$`, "u"), paint(shades[state], words[state]));
      return [painted, ...(note === null ? [] : [paint("faint", `    ${escapeLine(note)}`)])];
    }),
  ];
}

/** What the figures come to in one line. */
export function summariseFigures(figures: readonly Figure[]): string {
  const count = (state: Figure["state"]): number => figures.filter((figure) => figure.state === state).length;
  return `${count("met")} met, ${count("missed")} missed, ${count("unmeasured")} not measured`;
}

/** The machine, and what ran on it. */
export function renderHost({ host, kernel, qemu, debian, quick, started }: BenchmarkRecord): readonly string[] {
  return [
    `${host.cpu}, ${host.cores} cores, ${(host.memoryMiB / 1024).toFixed(0)} GiB, Linux ${host.kernel}, Node ${host.node}, ${started.slice(0, 10)}`,
    `guests: Linux ${kernel.version} on QEMU ${qemu.version} by ${host.accelerator}; Debian's kernel: ${debian}`,
    ...(quick ? ["quick: fewer samples than the bars are set for"] : []),
    ...(host.load > 0.5
      ? [`note: this machine had a load of ${host.load.toFixed(1)} before it began: times are those of a busy one`]
      : []),
  ];
}

function describeBar({ bar, unit }: Figure): string {
  if (bar === null) return "";
  const limit = digits(bar.limit);
  if (bar.of === "ratio") return `${relations[bar.relation]} ${limit} ×`;
  if (bar.limit === 0) return "none";
  return `${relations[bar.relation]} ${limit}${unit === "count" ? "" : ` ${unit}`}`;
}

const describeValue = (value: number | null, unit: Figure["unit"]): string =>
  value === null ? "–" : `${digits(value)}${unit === "count" ? "" : ` ${unit}`}`;

/** Three digits, or all there are before the point. */
const digits = (value: number): string => {
  if (value === 0) return "0";
  return Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
};
