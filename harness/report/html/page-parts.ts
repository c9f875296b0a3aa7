/** The parts of a report's page as the build leaves them. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { projectRoot } from "../../assets/project-root.ts";
import { InfrastructureError } from "../../errors/harness-error.ts";

/** What a page is put together of. */
export interface PageParts {
  /** The frame, with `{{names}}` of what is put in. */
  readonly frame: string;
  readonly styles: string;
  readonly script: string;
}

/**
 * Reads the parts.
 * @throws {InfrastructureError} where they were not built
 */
export async function readPageParts(): Promise<PageParts> {
  const read = (name: string): Promise<string> => readFile(join(projectRoot, "dist", "page", name), "utf8");
  try {
    const [frame, styles, script] = await Promise.all(["page.html", "page.css", "page.js"].map(read));
    return { frame: frame ?? "", styles: styles ?? "", script: script ?? "" };
  } catch (cause) {
    throw new InfrastructureError({
      what: "Cannot read the parts of a report's page",
      remedy: 'Build the project with "npm run build"',
      cause,
    });
  }
}
