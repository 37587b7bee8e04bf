import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, existsSync, globSync, openSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { env } from "node:process";
import {
  type Browser,
  type BrowserContext,
  chromium,
  type ConsoleMessage,
  type Locator,
  type Page,
  type Request,
} from "playwright-core";
import { findChromium } from "../../scripts/ensure-chromium.ts";
import { repository } from "../helpers/server.ts";

const DASHBOARD = join(repository, "dashboard");
export const BUILT = join(DASHBOARD, "dist");

let shared: Browser | undefined;

/**
 * A browser without background activity, in a profile that is deleted afterwards. All files of a worker have the same one, which
 * ends with the worker: to start one takes some seconds of a core. Who opened it says `leaveBrowser` when done.
 */
export async function openBrowser(): Promise<Browser> {
  buildWhenStale();
  if (shared?.isConnected() !== true) shared = await launch();
  return shared;
}

/** Closes every window of the browser, so that the next file finds it as it was at first. */
export async function leaveBrowser(browser: Browser | undefined): Promise<void> {
  if (browser === undefined) return;
  rested.delete(browser);
  await Promise.all(browser.contexts().map((context) => context.close()));
}

async function launch(): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error("no Chromium is here: npx node scripts/ensure-chromium.ts");
  return chromium.launch({
    executablePath,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-dev-shm-usage",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--no-first-run",
      "--no-default-browser-check",
      // Windows live for seconds: to optimise their code takes a fifth of what they cost, and repays nothing.
      "--js-flags=--no-opt --no-maglev",
    ],
  });
}

const LOCK = join(
  tmpdir(),
  `caxton-dashboard-${createHash("sha256").update(DASHBOARD).digest("hex").slice(0, 16)}.lock`,
);
const BUILD_MS_MAX = 120_000;

/** Tests must not pass on yesterday's build. Of several workers one builds, and the others wait for it. */
export function buildWhenStale(): void {
  while (isStale()) {
    if (!takeLock()) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
      continue;
    }
    try {
      // The runner says "test" here, for which React has another, larger build.
      const environment = { ...env, NODE_ENV: "production" };
      execFileSync("npm", ["run", "build", "-w", "dashboard"], { cwd: repository, stdio: "pipe", env: environment });
    } finally {
      rmSync(LOCK, { force: true });
    }
  }
}

function isStale(): boolean {
  if (existsSync(LOCK)) return true;
  // Compressed last, so that a build which was cut off does not pass for a whole one.
  const last = join(BUILT, "index.html.br");
  const sources = globSync(["src/**/*", "build/**/*", "index.html", "vite.config.ts", "package.json"], {
    cwd: DASHBOARD,
  });
  const newest = Math.max(...sources.map((source) => statSync(join(DASHBOARD, source)).mtimeMs));
  return !existsSync(last) || statSync(last).mtimeMs < newest;
}

function takeLock(): boolean {
  try {
    closeSync(openSync(LOCK, "wx"));
    return true;
  } catch {
    // Left behind by a worker that was killed.
    const old = existsSync(LOCK) && Date.now() - statSync(LOCK).mtimeMs > BUILD_MS_MAX;
    if (old) rmSync(LOCK, { force: true });
    return false;
  }
}

export type Visit = AsyncDisposable & {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Addresses asked for that are not the server's own. */
  readonly foreign: readonly string[];
  /** What broke: exceptions, and what the content security policy stopped. */
  readonly complaints: readonly string[];
};

const DESKTOP = { width: 1_360, height: 860 };
export const PHONE = { width: 380, height: 860 };

/** Changes a page from the phone to the desktop size, and waits until its layout is stable. */
export async function toDesktop(page: Page): Promise<void> {
  await page.setViewportSize(DESKTOP);
  await page.waitForFunction(`innerWidth === ${DESKTOP.width}`);
  await stands(page);
}

const FRAMES_MS_MAX = 3_000;
/** Resolves with whether all that fades or moves has come to its end, which takes frames. */
const STANDS = `Promise.race([
  new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))).then(() =>
    Promise.allSettled(document.getAnimations()
      .filter((each) => each.effect?.getComputedTiming().endTime !== Infinity)
      .map((each) => each.finished)),
  ).then(() => true),
  new Promise((done) => setTimeout(done, ${FRAMES_MS_MAX}, false)),
])`;

/** Waits until the page is stable. A hidden window may draw no frame for minutes; a screenshot forces one. */
export async function stands(page: Page): Promise<void> {
  if ((await page.evaluate(STANDS)) === true) return;
  await page.screenshot();
  await page.evaluate(STANDS);
}

const PRESSES_MAX = 20;

/**
 * Presses a button that answers a call, as a person does: once its arguments were drawn, and again if the page moved just before,
 * because such a press does not count.
 */
export async function pressAnswer(button: Locator): Promise<void> {
  const page = button.page();
  for (let left = PRESSES_MAX; left > 0; left -= 1) {
    await stands(page);
    const isPressed = await button.click({ timeout: 2_000 }).then(
      () => true,
      () => false,
    );
    if (isPressed && (await page.getByText("Not sent: the list had just changed.").count()) === 0) return;
  }
  throw new Error(`${PRESSES_MAX} presses of the button did not count`);
}

export type VisitOptions = {
  readonly theme?: "light" | "dark";
  readonly width?: number;
  /** Without movement, so that what is measured stands still. */
  readonly still?: boolean;
};

/** Idle windows of a browser by their server: a new one costs a core a second. */
const rested = new WeakMap<Browser, Map<string, Page[]>>();

const windowsFor = (browser: Browser, url: string): Page[] => {
  const all = rested.getOrInsertComputed(browser, () => new Map<string, Page[]>());
  return all.getOrInsertComputed(url, () => []);
};

async function openWindow(browser: Browser, url: string): Promise<Page> {
  const permissions = ["clipboard-read", "clipboard-write"];
  const context = await browser.newContext({ baseURL: url, viewport: DESKTOP, permissions });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  return page;
}

/** Resets a window for reuse; one that cannot be reset is closed. */
async function leave(page: Page, windows: Page[]): Promise<void> {
  const context = page.context();
  try {
    if (page.isClosed() || context.pages().length !== 1) throw new Error("it is not what it was");
    await page.unrouteAll({ behavior: "ignoreErrors" });
    await page.evaluate("localStorage.clear(), sessionStorage.clear()");
    await context.clearCookies();
    await page.goto("about:blank");
    windows.push(page);
  } catch {
    await context.close();
  }
}

const NOWHERE = "/ui/no/such/page";

/**
 * Goes to another page of the dashboard as its own links do, without reloading it. In between it is on a page
 * that does not exist, so that words of the previous page do not pass for those of the next.
 */
export async function follow(page: Page, path: string): Promise<void> {
  if (!page.url().includes("/ui/")) return void (await page.goto(path));
  const go = (to: string) => page.evaluate(`history.pushState({}, "", ${JSON.stringify(to)})`);
  await go(NOWHERE);
  await page.getByText("Page not found").waitFor();
  if (path !== NOWHERE) await go(path);
}

/** A new person at the dashboard of a server: nothing remembered, one tab. */
export async function visit(browser: Browser, url: string, options: VisitOptions = {}): Promise<Visit> {
  const windows = windowsFor(browser, url);
  const page = windows.pop() ?? (await openWindow(browser, url));
  await page.setViewportSize({ ...DESKTOP, width: options.width ?? DESKTOP.width });
  await page.emulateMedia({
    colorScheme: options.theme ?? "light",
    reducedMotion: options.still === true ? "reduce" : "no-preference",
  });
  const context = page.context();
  const foreign: string[] = [];
  const complaints: string[] = [];
  const asks = (request: Request) => {
    const address = request.url();
    if (!address.startsWith(`${url}/`) && !address.startsWith("data:")) foreign.push(address);
  };
  const breaks = (error: Error) => complaints.push(error.message);
  const says = (message: ConsoleMessage) => {
    const words = message.text();
    // A refused request is the browser's own line about an answer that the page handles.
    const refused = words.startsWith("Failed to load resource");
    if (message.type() === "error" && !refused) complaints.push(words);
  };
  context.on("request", asks);
  page.on("pageerror", breaks);
  page.on("console", says);
  // Not all listeners: the browser's own hear by theirs that a window is closed, and would wait for it without end.
  const stopListening = () => {
    context.off("request", asks);
    page.off("pageerror", breaks);
    page.off("console", says);
  };
  return {
    page,
    context,
    foreign,
    complaints,
    [Symbol.asyncDispose]: () => {
      stopListening();
      return leave(page, windows);
    },
  };
}
