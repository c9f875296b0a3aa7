/** One template for all scenarios of a run, made when the first one asks. */
import { describeError } from "../errors/describe-error.ts";
import { prepareTemplate, type TemplatePlace, type TemplateSource } from "./prepare-template.ts";
import type { Template } from "./template.ts";

/** Gives the run's template, and takes back one that QEMU refused. */
export interface TemplateSupply {
  /** The template; null where none can be had and every scenario boots on its own. */
  get(): Promise<Template | null>;
  /** Says that a template cannot be thawed; gives a new one, once, then none. */
  replace(refused: Template, why: string): Promise<Template | null>;
}

/** The supply of a run. A template that cannot be made is no failure: a line says so, and scenarios boot cold. */
export function supplyTemplates(source: TemplateSource, place: TemplatePlace): TemplateSupply {
  let current: Promise<Template | null> | null = null;
  let replaced = false;
  const prepare = (distrust?: string): Promise<Template | null> =>
    prepareTemplate(source, { ...place, ...(distrust === undefined ? {} : { distrust }) }).catch((error: unknown) => {
      place.signal.throwIfAborted();
      place.report({
        kind: "step",
        text: `Booting every scenario on its own, as no template can be had: ${describeError(error).join(" ")}`,
      });
      return null;
    });
  return {
    get: () => (current ??= prepare()),
    replace: async (refused, why) => {
      // Several scenarios may have met the same refusal: the first one has it replaced.
      const now = await current;
      if (now !== refused) return now;
      current = replaced ? Promise.resolve(null) : prepare(why);
      replaced = true;
      return current;
    },
  };
}
