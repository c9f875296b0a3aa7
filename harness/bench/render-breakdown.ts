/** A breakdown as a picture of text: bars one after the other, what a bar consists of below it. */
import type { Breakdown } from "./benchmark-record.ts";

/** Columns of a whole breakdown's bars. */
const barWidth = 48;

/** The lines of a breakdown. */
export function renderBreakdown({ what, phases }: Breakdown): readonly string[] {
  const total = phases.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  const nameWidth = Math.max(
    0,
    ...phases.flatMap(({ name, inside }) => [name.length, ...inside.map((each) => each.name.length + 2)]),
  );
  const lines = [`${what}: ${describeTime(total)}`];
  const draw = (name: string, begin: number, milliseconds: number): void => {
    const column = (time: number): number => (total === 0 ? 0 : Math.round((time / total) * barWidth));
    const bar = "#".repeat(column(begin + milliseconds) - column(begin)) || "|";
    const share = total === 0 ? 0 : (milliseconds / total) * 100;
    lines.push(
      `  ${name.padEnd(nameWidth)}  ${describeTime(milliseconds).padStart(8)} ${share.toFixed(0).padStart(3)} %  ${" ".repeat(column(begin))}${bar}`,
    );
  };
  let begin = 0;
  for (const { name, milliseconds, inside } of phases) {
    draw(name, begin, milliseconds);
    let within = begin;
    for (const each of inside) {
      draw(`  ${each.name}`, within, each.milliseconds);
      within += each.milliseconds;
    }
    begin += milliseconds;
  }
  return lines;
}

const describeTime = (milliseconds: number): string =>
  milliseconds < 10 ? `${milliseconds.toFixed(1)} ms` : `${milliseconds.toFixed(0)} ms`;
