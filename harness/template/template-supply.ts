/** One template for all scenarios of a run, made when the first one asks. */
import { describeError } from "../errors/describe-error.ts";
import {
  findLoss,
  prepareTemplate,
  type KeptTemplate,
  type TemplatePlace,
  type TemplateSource,
} from "./prepare-template.ts";

/** Gives the run's template, and takes back one that QEMU refused. */
export interface TemplateSupply {
  /**
   * The template, whole at this moment: where it was taken away, another one. Null where none can be had and every
   * scenario boots on its own.
   */
  get(): Promise<KeptTemplate | null>;
  /** Says that a clone of it works. Should another one fail later, a new template is worth a try. */
  confirm(template: KeptTemplate): void;
  /**
   * Says that a template cannot be thawed; gives a new one. None where it had been made in the place of another, and was
   * never confirmed: what helps not once does not help.
   */
  replace(refused: KeptTemplate, why: string): Promise<KeptTemplate | null>;
}

/** The supply of a run. A template that cannot be made is no failure: a line says so, and scenarios boot cold. */
export function supplyTemplates(source: TemplateSource, place: TemplatePlace): TemplateSupply {
  let current: Promise<KeptTemplate | null> | null = null;
  /** What came in the place of a template; several scenarios may find the same fault with it. */
  const successors = new WeakMap<KeptTemplate, Promise<KeptTemplate | null>>();
  const onTrial = new WeakSet<KeptTemplate>();

  const doWithout = (why: string): null => {
    const text = `Booting every scenario on its own, as no template can be had: ${why}`;
    place.report({ kind: "step", text });
    return null;
  };
  const prepare = (doubts: Pick<TemplatePlace, "distrust" | "loss"> = {}): Promise<KeptTemplate | null> =>
    prepareTemplate(source, { ...place, ...doubts }).catch((error: unknown) => {
      place.signal.throwIfAborted();
      return doWithout(describeError(error).join(" "));
    });
  const succeed = (
    template: KeptTemplate,
    find: () => Promise<KeptTemplate | null>,
  ): Promise<KeptTemplate | null> => {
    const known = successors.get(template);
    if (known !== undefined) return known;
    const next = find();
    successors.set(template, next);
    current = next;
    return next;
  };

  return {
    get: async () => {
      const now = await (current ??= prepare());
      const loss = now === null ? null : await findLoss(now);
      return now === null || loss === null ? now : succeed(now, () => prepare({ loss }));
    },
    confirm: (template) => {
      onTrial.delete(template);
    },
    replace: (refused, why) =>
      succeed(refused, async () => {
        if (onTrial.has(refused)) return doWithout(why);
        const next = await prepare({ distrust: { template: refused, why } });
        if (next !== null) onTrial.add(next);
        return next;
      }),
  };
}
