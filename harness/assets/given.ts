/** What the user brings or names instead of having it fetched or built: paths (of a kernel: or a name), undefined where nothing is given. */
export interface Given {
  readonly qemu: string | undefined;
  readonly kernel: string | undefined;
  readonly agent: string | undefined;
}

/** Reads ZHIL_QEMU, ZHIL_KERNEL and ZHIL_AGENT; an empty variable gives nothing. */
export function readGiven(environment: Readonly<Record<string, string | undefined>> = process.env): Given {
  const read = (name: string): string | undefined => (environment[name] === "" ? undefined : environment[name]);
  return { qemu: read("ZHIL_QEMU"), kernel: read("ZHIL_KERNEL"), agent: read("ZHIL_AGENT") };
}
