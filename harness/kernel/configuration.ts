/** Kernel configurations: what a fragment asks for, and what a build then has. */

/** One option a fragment asks for. */
export interface RequestedOption {
  /** Without the `CONFIG_` prefix. */
  readonly name: string;
  /** `y`, `m`, `n`, a number or a string with its quotes. */
  readonly value: string;
  /** Whether a kernel without it will do. */
  readonly required: boolean;
}

/** Comment in a fragment after which options, up to the next empty line, may be missing. */
const optionalMark = "# where available:";

/** Reads a fragment of a kernel configuration, or several, one after the other: of an option that is there twice the later value counts. */
export function parseFragment(text: string): readonly RequestedOption[] {
  const requested = new Map<string, RequestedOption>();
  let required = true;
  for (const line of text.split("\n")) {
    if (line.trim() === "") required = true;
    if (line.startsWith(optionalMark)) required = false;
    const option = parseLine(line);
    if (option !== null) requested.set(option.name, { ...option, required });
  }
  return [...requested.values()];
}

/** Reads a whole configuration, such as a `.config`: value by name, options that are off left out. */
export function parseConfiguration(text: string): ReadonlyMap<string, string> {
  const options = new Map<string, string>();
  for (const line of text.split("\n")) {
    const option = parseLine(line);
    if (option !== null && option.value !== "n") options.set(option.name, option.value);
  }
  return options;
}

/** Required options that the configuration does not have as requested; a kernel is not built without them. */
export function findLostOptions(
  requested: readonly RequestedOption[],
  configuration: ReadonlyMap<string, string>,
): readonly RequestedOption[] {
  return requested.filter(({ name, value, required }) => required && (configuration.get(name) ?? "n") !== value);
}

/** Names of the options that are y or m, sorted. */
export function listOptions(configuration: ReadonlyMap<string, string>): readonly string[] {
  const enabled = [...configuration].filter(([, value]) => value === "y" || value === "m");
  return enabled.map(([name]) => name).sort();
}

/** An option as a line of a configuration spells it. */
export function spellOption(option: Pick<RequestedOption, "name" | "value">): string {
  return option.value === "n" ? `# CONFIG_${option.name} is not set` : `CONFIG_${option.name}=${option.value}`;
}

function parseLine(line: string): { readonly name: string; readonly value: string } | null {
  const set = /^CONFIG_(\w+)=(.+)$/.exec(line.trim());
  if (set?.[1] !== undefined && set[2] !== undefined) return { name: set[1], value: set[2] };
  const unset = /^# CONFIG_(\w+) is not set$/.exec(line.trim());
  return unset?.[1] === undefined ? null : { name: unset[1], value: "n" };
}
