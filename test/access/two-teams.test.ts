import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { LAUNCHER } from "../cli/caxton.ts";
import { leaveBrowser, openBrowser } from "../dashboard/browser.ts";
import { MODULE_CACHE, repository } from "../helpers/server.ts";
import { tempDirectory } from "../helpers/temp.ts";

const home = tempDirectory();
const directoryOf = (person: string) => join(home.path, person);
let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
  mkdirSync(join(home.path, "bin"));
  const command = `#!/bin/sh\nexec '${process.execPath}' '${LAUNCHER}' "$@"\n`;
  writeFileSync(join(home.path, "bin/caxton"), command, { mode: 0o755 });
  for (const person of ["administrator", "ann", "bob"]) mkdirSync(directoryOf(person));
});
afterAll(async () => {
  await leaveBrowser(browser);
  home[Symbol.dispose]();
});

const guide = readFileSync(join(repository, "docs/guides/access.md"), "utf8");
const section = /^## Two teams on one server\n([\s\S]*?)^## /m.exec(guide)?.[1] ?? "";
const blocks = [...section.matchAll(/```(\w+)\n([\s\S]*?)```/g)].map(([, language = "", text = ""]) => ({
  language,
  text,
}));
const written = blocks
  .filter(({ language }) => language === "sh")
  .map(({ text }) => ({ person: /^# (\w+)\n/.exec(text)?.[1] ?? "", commands: text.replace(/^#.*\n/, "") }));
const configuration = blocks.find(({ language }) => language === "toml")?.text ?? "";

const environmentOf = (person: string) => ({
  PATH: `${join(home.path, "bin")}:/usr/bin:/bin`,
  XDG_CONFIG_HOME: join(directoryOf(person), "config"),
  CAXTON_SANDBOX__CACHE_DIRECTORY: MODULE_CACHE,
});

/** Runs lines in a person's directory, and gives what they print. */
async function shell(person: string, lines: string): Promise<{ readonly code: number; readonly output: string }> {
  const options = { cwd: directoryOf(person), env: environmentOf(person) };
  const { promise, resolve } = Promise.withResolvers<{ readonly code: number; readonly output: string }>();
  const child = execFile("/bin/sh", ["-e"], options, (error, stdout, stderr) =>
    resolve({ code: Number(error?.code ?? 0), output: stdout + stderr }),
  );
  child.stdin?.end(lines);
  return promise;
}

/** The guide's `caxton serve`, on a free port, with what it prints. */
async function serve(person: string, command: string) {
  const options = { cwd: directoryOf(person), env: environmentOf(person) };
  const child = spawn("/bin/sh", ["-c", `exec ${command.trim()} --port 0 --log-level silent`], options);
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (output += text));
  await expect.poll(() => output, { timeout: 60_000 }).toContain("#cax_setup_");
  return {
    port: /https:\/\/127\.0\.0\.1:(\d+)/.exec(output)?.[1] ?? "",
    token: /--token (cax_setup_\S+)/.exec(output)?.[1] ?? "",
    [Symbol.asyncDispose]: async () => {
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
    },
  };
}

/** A browser window of a person who has logged in with a key. */
async function open(url: string, key: string): Promise<Page> {
  const context = await browser.newContext({ baseURL: url, ignoreHTTPSErrors: true });
  const page = await context.newPage();
  await page.goto("/ui/agents");
  await page.getByLabel("API key").fill(key);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByText("Live", { exact: true }).waitFor();
  return page;
}

test("the guide's two teams share a server with TLS, and see their own work alone", async () => {
  const people = written.map(({ person }) => person);
  expect(people).toEqual(["administrator", "administrator", "administrator", "ann", "bob", "administrator"]);
  const [certificates, serving, setup, ann, bob, administration] = written.map(({ commands }) => commands);
  expect(await shell("administrator", certificates ?? "")).toMatchObject({ code: 0 });
  writeFileSync(join(directoryOf("administrator"), "caxton.toml"), configuration);
  await using server = await serve("administrator", serving ?? "");
  const run = async (person: string, commands = "") => {
    const lines = commands.replaceAll(":8080", `:${server.port}`).replace("cax_setup_…", server.token);
    const { code, output } = await shell(person, lines);
    expect({ code, output }).toMatchObject({ code: 0 });
    return output;
  };
  await run("administrator", setup);
  for (const person of ["ann", "bob"]) {
    copyFileSync(join(directoryOf("administrator"), `${person}.key`), join(directoryOf(person), `${person}.key`));
    copyFileSync(join(directoryOf("administrator"), "tls/ca.pem"), join(directoryOf(person), "ca.pem"));
  }
  expect(await run("ann", ann)).toMatch(/South[\s\S]*workspace +red\ngrants +operator in red\n/);
  const seen = await run("bob", bob);
  expect(seen).toContain("operator");
  expect(seen).not.toContain("hello");
  const refused = await shell("bob", "caxton agent list --workspace red");
  expect(refused.code).toBe(3);
  expect(section).toContain(refused.output);
  const [inRed, inBlue] = (await run("administrator", administration)).split(
    "commands on office use the workspace blue",
  );
  expect(inRed).toContain("hello");
  expect(inBlue).not.toContain("hello");
  expect(inBlue).toMatch(/ann +operator +red/);
  const url = `https://localhost:${server.port}`;
  const keyOf = (person: string) => readFileSync(join(directoryOf(person), `${person}.key`), "utf8").trim();
  const annsPage = await open(url, keyOf("ann"));
  await annsPage.getByRole("row", { name: /hello/ }).waitFor();
  await expect.poll(() => new URL(annsPage.url()).search).toBe("?workspace=red");
  const bobsPage = await open(url, keyOf("bob"));
  await bobsPage.getByRole("link", { name: "Runs" }).click();
  await bobsPage.getByText("No runs yet").waitFor();
  expect(await bobsPage.getByText("hello").count()).toBe(0);
  await bobsPage.goto(annsPage.url());
  await bobsPage.getByText("There is no workspace red, or you have no role in it.").waitFor();
});
