/** A make and compilers that only pretend, for builds of kernels that are a few bytes. */
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Its image is its source; of the options asked for it has all but CONFIG_IOMMU_IOPF. It says what it was called for. */
const make = `#!/bin/sh
for word; do case "$word" in O=*) out=\${word#O=} ;; esac; previous=$last; last=$word; done
cd "$2" || exit 9
if [ "$last" = allnoconfig ]; then
  grep -v IOPF "$KCONFIG_ALLCONFIG" >"$out/.config"
  exit 0
fi
echo build >>"$out/../calls"
if grep -q no_such_symbol a.c; then echo "a.c:1:9: error: 'no_such_symbol' undeclared"; exit 2; fi
mkdir -p "$out/arch/s390/boot" "$out/include/config"
cat a.c b.c >"$out/arch/s390/boot/bzImage"; cp "$out/arch/s390/boot/bzImage" "$out/vmlinux"
echo 7.2.0 >"$out/include/config/kernel.release"
`;

/** Writes them into a folder below another one, and hands back its path, to be the first of PATH. */
export async function writeFakeTools(folder: string): Promise<string> {
  const programs = join(folder, "bin");
  await mkdir(programs);
  for (const [name, text] of [
    ["make", make],
    ["s390x-linux-gnu-gcc", "#!/bin/sh\necho gcc 12\n"],
    ["gcc", "#!/bin/sh\necho gcc 12\n"],
  ] as const) {
    await writeFile(join(programs, name), text);
    await chmod(join(programs, name), 0o755);
  }
  return programs;
}
