/** The tables of an IOAS: in what order its mappings are entered into them, and taken out. */
import type { Host } from "./host.ts";
import { mockHwptsOf } from "./mocks.ts";
import { mostPieces } from "./pins.ts";
import type { Area, Ioas } from "./state.ts";
import { mapInto, unmapFrom } from "./table.ts";

/**
 * Brings the order of each IOAS's tables up to date with what HWPTs there are.
 * Ground: drivers/iommu/iommufd/io_pagetable.c, iopt_table_add_domain: a new one comes last; iopt_table_remove_domain: "Compress the
 * xarray to keep it linear by swapping the entry to erase with the tail entry".
 */
export function orderTables(host: Host): void {
  for (const [name, ioas] of Object.entries(host.state.objects)) {
    if (ioas?.kind !== "ioas") continue;
    const names = [...host.hwptsOf(name), ...mockHwptsOf(host, name)].map(([hwpt]) => hwpt);
    for (const each of names) if (!ioas.tables.includes(each)) ioas.tables.push(each);
    for (const gone of ioas.tables.filter((each) => !names.includes(each))) {
      const last = ioas.tables.pop();
      if (last !== undefined && last !== gone) ioas.tables[ioas.tables.indexOf(gone)] = last;
    }
  }
}

/** Domains of functions among the tables of an IOAS, in order; those of the mock's driver are not looked at. */
function domainsOf(host: Host, names: readonly string[]): string[] {
  return names.flatMap((name) => {
    const hwpt = host.state.objects[name];
    return hwpt?.kind === "hwpt" ? [hwpt.domain] : [];
  });
}

/**
 * Enters areas that follow each other into every table of the IOAS; on an error the areas are gone again, and what was filled of them
 * is unmapped: the last one from the tables before, those before it as any area.
 * Ground: pages.c, iopt_area_fill_domains, out_unmap; io_pagetable.c, iopt_fill_domains_pages, err_undo.
 */
export function enterAreas(host: Host, ioas: Ioas, areas: readonly Area[]): string | null {
  const domains = domainsOf(host, ioas.tables);
  for (const [index, area] of areas.entries()) {
    for (const [at, domain] of domains.entries()) {
      const result = mapInto(host, domain, area, !ioas.hugePages);
      if (result === "OK") continue;
      for (const each of domains.slice(0, at)) unmapFrom(host, each, area);
      for (const each of areas.slice(0, index)) leaveTables(host, ioas, each);
      return result;
    }
  }
  ioas.areas.push(...areas);
  return null;
}

/**
 * Enters what an IOAS maps into a table that is made of it: null, or the errno where one mapping cannot be entered, and those before it are
 * unmapped again, as far as anybody is attached that has to hear of it.
 * Ground: io_pagetable.c, iopt_fill_domain, by IOVA, with out_unfill; pages.c, iopt_area_unfill_domain: at once where another
 * table has the pages, too.
 */
export function fillTable(host: Host, ioas: Ioas, domain: string): string | null {
  const areas = byIova(ioas.areas);
  for (const [index, area] of areas.entries()) {
    const result = mapInto(host, domain, area, !ioas.hugePages);
    if (result === "OK") continue;
    for (const each of areas.slice(0, index)) {
      unmapFrom(host, domain, each, ioas.tables.length > 0 ? 1 : mostPieces(host, each));
    }
    return result;
  }
  return null;
}

/** Areas in the order in which the kernel comes to them. */
export const byIova = (areas: readonly Area[]): Area[] => areas.toSorted((a, b) => (a.iova < b.iova ? -1 : 1));

/**
 * Takes an area out of every table of the IOAS: at once, but for the one that the kernel looks for its pages in, which comes last.
 * Ground: pages.c, iopt_area_unfill_domains, with storage_domain, which is the first of them (iopt_area_fill_domains; io_pagetable.c,
 * iopt_fill_domain and iopt_unfill_domain).
 */
export function leaveTables(host: Host, { tables }: Ioas, area: Area): void {
  for (const domain of domainsOf(host, tables.slice(1))) unmapFrom(host, domain, area);
  for (const domain of domainsOf(host, tables.slice(0, 1))) unmapFrom(host, domain, area, mostPieces(host, area));
}
