/** Which cases a test program has, as it lists them itself (`-l`, kselftest_harness.h, test_harness_list_tests). */
import { InfrastructureError } from "../errors/harness-error.ts";

/** One case: a test of a fixture, with one of the fixture's variants. */
export interface TestCase {
  /** As the program names it in its results, and takes it with `-r`: `fixture.variant.test`. */
  readonly name: string;
  readonly program: string;
}

/** Cases of one program that are taken. */
const casesLimit = 10_000;
/** `%-20s %-25s %s`: fixture, variant, test. */
const columns = /^(?<indent> *)(?<first>\S+)(?:(?<gap> +)(?<second>\S+)(?: +(?<third>\S+))?)? *$/u;
const [variantWidth, testColumn] = [25, 47];
const wordPattern = /^[A-Za-z_]\w{0,79}$/u;

interface Fixture {
  readonly name: string;
  readonly variants: string[];
  readonly tests: string[];
}

/**
 * Reads a list. It is a table for people: fixtures, divided by rules, with a column for variants beside one for tests.
 * @throws {InfrastructureError} where it is none
 */
export function parseCaseList(program: string, output: string): readonly TestCase[] {
  const fixtures: Fixture[] = [];
  const fail = (detail: string): never => {
    throw new InfrastructureError({ what: `Cannot read which tests "${program}" has: ${detail}` });
  };
  let fixture: Fixture | null = null;
  for (const line of output.split(/\r?\n/u)) {
    if (line.trim() === "" || line.startsWith("# FIXTURE")) continue;
    if (/^-{20,}$/u.test(line.trim())) {
      fixture = null;
      continue;
    }
    const [name, variant, test] = readColumns(line, fixture === null);
    if (fixture === null) {
      if (name === null) fail(`a fixture without a name: ${JSON.stringify(line.slice(0, 80))}`);
      fixture = { name: name ?? "", variants: [], tests: [] };
      fixtures.push(fixture);
    }
    for (const word of [fixture.name, variant, test]) {
      if (word !== null && !wordPattern.test(word)) fail(`${JSON.stringify(word.slice(0, 80))} is no name`);
    }
    if (variant !== null) fixture.variants.push(variant);
    if (test !== null) fixture.tests.push(test);
  }
  const cases = fixtures.flatMap((each) => listCases(program, each));
  if (cases.length === 0) fail("it lists none");
  if (cases.length > casesLimit) fail(`more than ${casesLimit}`);
  return cases;
}

/** Fixture, variant and test of a line; only the first of a fixture names it, and may be wider than its column. */
function readColumns(line: string, isFirst: boolean): readonly [string | null, string | null, string | null] {
  const { indent = "", first = null, gap = "", second = null, third = null } = columns.exec(line)?.groups ?? {};
  if (!isFirst) return indent.length >= testColumn ? [null, null, first] : [null, first, second];
  if (indent !== "") return [null, null, null];
  return gap.length > variantWidth ? [first, null, second] : [first, second, third];
}

function listCases(program: string, { name, variants, tests }: Fixture): readonly TestCase[] {
  const fixtures = variants.length === 0 ? [name] : variants.map((variant) => `${name}.${variant}`);
  return fixtures.flatMap((each) => tests.map((test) => ({ name: `${each}.${test}`, program })));
}
