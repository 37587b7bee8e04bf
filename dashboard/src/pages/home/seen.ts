import { useEffect } from "react";

const KEY = "caxton.first-steps";
export type FirstSteps = { readonly sawRun?: boolean; readonly hidden?: boolean };

/** What this browser remembers of the first steps; nothing where it may not remember. */
export function readFirstSteps(): FirstSteps {
  try {
    const stored: FirstSteps = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    return stored;
  } catch {
    return {};
  }
}

export function rememberFirstSteps(change: FirstSteps): void {
  try {
    localStorage.setItem(KEY, JSON.stringify({ ...readFirstSteps(), ...change }));
  } catch {
    // The list then shows again next time.
  }
}

/** Notes that a run's page was looked at. */
export function useSeenRun(): void {
  useEffect(() => rememberFirstSteps({ sawRun: true }), []);
}
