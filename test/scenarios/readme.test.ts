import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { buildWhenStale } from "../dashboard/browser.ts";
import { copyCheckout } from "../helpers/checkout.ts";
import { repository } from "../helpers/server.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("newcomer.no-key", "newcomer.readme");

type Block = { readonly commands: string; readonly shown: string };

/** The README's shell blocks, each with the output that is shown after it. */
function blocks(): readonly Block[] {
  const readme = readFileSync(join(repository, "README.md"), "utf8");
  const fences = [...readme.matchAll(/```(\w*)\n([\s\S]*?)```/g)].map(([, language = "", text = ""]) => ({
    language,
    text,
  }));
  return fences.flatMap(({ language, text }, index) => {
    const after = fences[index + 1];
    return language === "sh" ? [{ commands: text, shown: after?.language === "" ? after.text : "" }] : [];
  });
}

/**
 * Puts in place what `npm ci` brought this repository, packages and build: npm would take a minute to do again what was done
 * before these tests, in continuous integration in a fresh clone. It still has to say that it could.
 */
function installTo(directory: string, machine: NodeJS.ProcessEnv): void {
  const options = { cwd: directory, env: machine, stdio: "pipe" } as const;
  execFileSync("npm", ["ci", "--dry-run", "--ignore-scripts", "--no-audit", "--no-fund"], options);
  const packages = realpathSync(join(repository, "node_modules"));
  const copy = (how: string): unknown => execFileSync("cp", [how, packages, join(directory, "node_modules")], options);
  try {
    copy("-al");
  } catch {
    // Another file system.
    rmSync(join(directory, "node_modules"), { recursive: true, force: true });
    copy("-a");
  }
  rmSync(join(directory, "node_modules/.cache"), { recursive: true, force: true });
  buildWhenStale();
  for (const built of ["dist", "dashboard/dist"]) {
    if (!existsSync(join(repository, built))) continue;
    cpSync(join(repository, built), join(directory, built), { recursive: true, preserveTimestamps: true });
  }
}

/** A directory with an `npx` that starts a clone's own `caxton` at once: the real one thinks for over a second each time. */
function quickNpx(directory: string, clone: string): string {
  const place = join(directory, "quick");
  mkdirSync(place);
  const script = `#!/bin/sh\n[ "$1" = caxton ] || exit 127\nshift\nexec '${join(clone, "bin/caxton.mjs")}' "$@"\n`;
  writeFileSync(join(place, "npx"), script, { mode: 0o755 });
  return place;
}

/** Lines of shown output that are the same each time: no times, ids or places of this run. */
const lasting = (shown: string): readonly string[] =>
  shown
    .split("\n")
    .map((line) => line.trimEnd())
    .filter((line) => line.trim() !== "" && !/\d (ms|s)\b|[0-9a-f]{8}-[0-9a-f]{4}|https?:/.test(line));

const MINUTES = 60_000;

test(
  "a newcomer can do all that the README says, from a fresh clone, and sees what it shows",
  { timeout: 8 * MINUTES },
  async () => {
    using place = tempDirectory();
    using home = tempDirectory();
    copyCheckout(place.path);
    const [first, ...rest] = blocks();
    expect(first?.commands).toBe("npm ci && npm start\n");

    const path = `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`;
    const machine = { ...process.env, PATH: path, NO_COLOR: "1", CAXTON_PORT: "0" };
    // The runtime comes with the clone's own install; which Node npm itself runs on does not matter.
    installTo(place.path, machine);
    const server = spawn("npm", ["start"], {
      cwd: place.path,
      env: machine,
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    try {
      let printed = "";
      server.stdout.on("data", (chunk: Buffer) => (printed += chunk.toString()));
      while (!/API\s+http/.test(printed)) await once(server.stdout, "data");
      const url = /API\s+(http:\/\/[\d.:]+)/.exec(printed)?.[1] ?? "";
      expect((await fetch(`${url}/ui/`)).status).toBe(200);
      for (const line of lasting(first?.shown ?? "").filter((text) => /Agents|Tools|Model/.test(text)))
        expect(printed).toContain(line);

      const quickPath = `${quickNpx(home.path, place.path)}:${path}`;
      for (const [index, { commands, shown }] of rest.entries()) {
        // This very run is what the block starts.
        if (commands === "npm test\n") continue;
        const output = execFileSync("bash", ["-euo", "pipefail", "-c", commands], {
          cwd: place.path,
          // The first block shows that `npx caxton` is this clone's.
          env: { ...machine, PATH: index === 0 ? path : quickPath, HOME: home.path, CAXTON_SERVER: url },
          encoding: "utf8",
          stdio: ["ignore", "pipe", "pipe"],
        });
        for (const line of lasting(shown)) expect(output, commands).toContain(line);
      }
    } finally {
      // npm, its shell and the server are one process group of ours.
      if (server.pid !== undefined) process.kill(-server.pid, "SIGTERM");
      await once(server, "exit");
    }
  },
);
