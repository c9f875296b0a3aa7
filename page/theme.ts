/** Light or dark: as the system has it, until the reader says otherwise. */

const themes = ["system", "light", "dark"] as const;
type Theme = (typeof themes)[number];
const key = "zhil-theme";

/** Makes a button go through the themes. */
export function offerThemes(button: HTMLElement): void {
  let theme: Theme = recall();
  const apply = (): void => {
    if (theme === "system") delete document.documentElement.dataset["theme"];
    else document.documentElement.dataset["theme"] = theme;
    button.textContent = theme === "system" ? "Colours: system" : `Colours: ${theme}`;
  };
  button.addEventListener("click", () => {
    theme = themes[(themes.indexOf(theme) + 1) % themes.length] ?? "system";
    remember(theme);
    apply();
  });
  apply();
}

/** A page from a disk may not be allowed to keep anything. */
function recall(): Theme {
  try {
    return themes.find((each) => each === localStorage.getItem(key)) ?? "system";
  } catch {
    return "system";
  }
}

function remember(theme: Theme): void {
  try {
    localStorage.setItem(key, theme);
  } catch {
    return;
  }
}
