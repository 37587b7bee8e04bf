import { useSyncExternalStore } from "react";

export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

const KEY = "caxton.theme";
const listeners = new Set<() => void>();
const dark = matchMedia("(prefers-color-scheme: dark)");

const isTheme = (value: unknown): value is Theme => THEMES.some((theme) => theme === value);

function read(): Theme {
  try {
    const stored = localStorage.getItem(KEY);
    return isTheme(stored) ? stored : "system";
  } catch {
    return "system";
  }
}

let current = read();

function show(): void {
  document.documentElement.classList.toggle("dark", current === "dark" || (current === "system" && dark.matches));
}
dark.addEventListener("change", show);

/** The theme chosen in this browser; remembered where it lets us. */
export const useTheme = (): Theme =>
  useSyncExternalStore(
    (changed) => {
      listeners.add(changed);
      return () => listeners.delete(changed);
    },
    () => current,
  );

export function setTheme(theme: Theme): void {
  current = theme;
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // It then lasts as long as the page.
  }
  show();
  for (const changed of listeners) changed();
}
