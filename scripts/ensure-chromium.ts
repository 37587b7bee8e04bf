/**
 * Finds the browser that the dashboard's tests drive, and on Debian installs the light one when it may: `node
 * scripts/ensure-chromium.ts`. Prints where it is; without one it says what to do and ends with 1.
 */
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import process, { env, stderr, stdout } from "node:process";
import { install, mayInstall, updateLists } from "./debian.ts";

/** Without windows on a screen: a new tab costs a sixth of what the whole browser takes for one. */
const LIGHT = ["chromium-headless-shell", "chrome-headless-shell"];
const WHOLE = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The path of a Chromium: CHROMIUM_PATH when it is set, else the first found in /usr/bin or on PATH, a light one before a whole one. */
export function findChromium(names: readonly string[] = [...LIGHT, ...WHOLE]): string | undefined {
  const named = env["CHROMIUM_PATH"];
  if (named !== undefined && named !== "") return isExecutable(named) ? named : undefined;
  const directories = ["/usr/bin", ...(env["PATH"] ?? "").split(delimiter).filter(Boolean)];
  return names.flatMap((name) => directories.map((directory) => join(directory, name))).find(isExecutable);
}

function works(job: () => void): boolean {
  try {
    job();
    return true;
  } catch {
    return false;
  }
}

const light = (): void => install("chromium-headless-shell");

/** Brings the light one, or the whole one where Debian's release has no light one. */
function bring(): void {
  stderr.write("No Chromium is here, which the dashboard's tests need: installing Debian's light one.\n");
  // The lists may be missing or old, and there may be no way out.
  if (works(light)) return;
  works(updateLists);
  if (works(light)) return;
  if (works(() => install("chromium"))) return;
  stderr.write("apt-get could not install it.\n");
}

function remedy(): string {
  const named = env["CHROMIUM_PATH"] ?? "";
  return named === ""
    ? "The dashboard's tests need Chromium, and none was found. Install it (on Debian: apt-get install chromium-headless-shell), or say where it is: CHROMIUM_PATH=/path/to/chromium\n"
    : `CHROMIUM_PATH is ${named}, which is no program that can be run. Correct it, or unset it to have Chromium looked for.\n`;
}

if (import.meta.main) {
  const named = env["CHROMIUM_PATH"] ?? "";
  if (findChromium() === undefined && named === "" && mayInstall()) bring();
  const found = findChromium();
  if (found === undefined) {
    stderr.write(remedy());
    process.exitCode = 1;
  } else stdout.write(`${found}\n`);
}
