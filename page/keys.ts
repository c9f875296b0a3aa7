/** What the keyboard does. */

/** What keys are for. */
export interface Actions {
  readonly search: () => void;
  readonly home: () => void;
  readonly step: (by: 1 | -1) => void;
  readonly difference: (by: 1 | -1) => void;
  readonly scenario: (by: 1 | -1) => void;
  readonly help: () => void;
}

/** Every key and what it does, for the help. */
export const keyHelp: readonly (readonly [string, string])[] = [
  ["/", "search"],
  ["j, k", "next and previous step; in the list, scenario"],
  ["n, p", "next and previous difference; in the list, scenario that is no pass"],
  ["], [", "next and previous scenario of the list"],
  ["Enter", "open or close what has the focus"],
  ["Esc", "back to all scenarios"],
  ["?", "this help"],
];

/** Listens to keys that are not typed into a field. */
export function listenToKeys(actions: Actions): void {
  const byKey: Readonly<Record<string, () => void>> = {
    "/": actions.search,
    j: () => {
      actions.step(1);
    },
    k: () => {
      actions.step(-1);
    },
    n: () => {
      actions.difference(1);
    },
    p: () => {
      actions.difference(-1);
    },
    "]": () => {
      actions.scenario(1);
    },
    "[": () => {
      actions.scenario(-1);
    },
    Escape: actions.home,
    "?": actions.help,
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.target as HTMLElement;
    if (document.querySelector("dialog[open]") !== null) return;
    if (target.tagName === "INPUT") {
      if (event.key === "Escape") target.blur();
      return;
    }
    const action = byKey[event.key];
    if (action === undefined) return;
    event.preventDefault();
    action();
  });
}
