/** Where the reader is: `#scenario/step/run`, so that a place can be sent to somebody. */

/** A place in the report. */
export interface Route {
  /** Null for the overview. */
  readonly scenario: string | null;
  /** 1-based; null where the first difference is to be shown. */
  readonly step: number | null;
  /** Index of the run. */
  readonly run: number | null;
}

const overview: Route = { scenario: null, step: null, run: null };

/** The place that a fragment names; the overview where it names none. */
export function readRoute(fragment: string): Route {
  const [name = "", step = "", run = ""] = fragment.replace(/^#/u, "").split("/");
  try {
    const scenario = decodeURIComponent(name);
    return scenario === "" ? overview : { scenario, step: readNumber(step), run: readNumber(run) };
  } catch {
    return overview;
  }
}

/** The fragment of a place. */
export function routeTo(scenario: string, step: number | null = null, run: number | null = null): string {
  const parts = [encodeURIComponent(scenario), step ?? "", run ?? ""].map(String);
  return `#${parts.join("/").replace(/\/+$/u, "")}`;
}

const readNumber = (text: string): number | null => (/^\d{1,6}$/u.test(text) ? Number(text) : null);
