/** Bringing a place into view. */

/** Brings what differs in a step to the middle of the screen; the step itself where nothing does. */
export function placeStep(row: HTMLElement): void {
  const target = row.querySelector(".differs") ?? row.querySelector(".head") ?? row;
  const { top, height } = target.getBoundingClientRect();
  // At once: who follows a link wants to be there, and nothing on the page moves by itself.
  window.scrollTo({ top: window.scrollY + top + height / 2 - window.innerHeight / 2, behavior: "instant" });
}
