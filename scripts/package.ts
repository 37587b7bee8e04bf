/**
 * What `npm pack` packs: `npx node scripts/package.ts prepack` builds and puts the published package.json and README.md in place
 * of the checkout's, `postpack` restores them. npm runs both.
 *
 * The two differ because a `bin` in the checkout's own package.json would make `npx caxton` install the checkout into npx's
 * cache first, and because `npx caxton` outside of a checkout would download an unrelated package.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execPath } from "node:process";
import * as z from "zod";
import { sweepPrevious } from "./builds.ts";
import { writeClientTypes } from "./client-types.ts";
import { BUILDS } from "./notices.ts";

const root = join(import.meta.dirname, "..");
const kept = join(root, ".package-original");
const MANIFEST = "package.json";
const README = "README.md";

/** Fields that matter only in a checkout. */
const CHECKOUT_FIELDS = ["workspaces", "scripts", "devDependencies", "allowScripts"];

function publishedManifest(text: string): string {
  const manifest = z.record(z.string(), z.unknown()).parse(JSON.parse(text));
  const published = Object.entries(manifest).filter(([field]) => !CHECKOUT_FIELDS.includes(field));
  const bin = { caxton: "bin/caxton.mjs" };
  return `${JSON.stringify({ ...Object.fromEntries(published), bin }, undefined, 2)}\n`;
}

const publishedReadme = (text: string): string => text.replaceAll("npx caxton ", "caxton ");

function replace(name: string, change: (text: string) => string): void {
  const text = readFileSync(join(root, name), "utf8");
  writeFileSync(join(kept, name), text);
  // A reader finds one or the other, whole.
  const next = join(kept, `${name}.published`);
  writeFileSync(next, change(text));
  renameSync(next, join(root, name));
}

function restore(): void {
  for (const name of [MANIFEST, README]) {
    if (existsSync(join(kept, name))) renameSync(join(kept, name), join(root, name));
  }
  rmSync(kept, { recursive: true, force: true });
}

const STEPS: { readonly [step: string]: () => void } = {
  prepack() {
    // Left by a run that was interrupted.
    restore();
    execFileSync(execPath, [join(root, "scripts", "build.ts")], { stdio: ["ignore", 2, 2] });
    for (const build of BUILDS) sweepPrevious(join(root, build));
    writeClientTypes(join(root, "dist", "client"));
    mkdirSync(kept);
    replace(MANIFEST, publishedManifest);
    replace(README, publishedReadme);
  },
  postpack: restore,
  refuse() {
    throw new Error("publish the packed file, which has the published package.json: npm publish $(npm pack --silent)");
  },
};

const step = STEPS[process.argv[2] ?? ""];
if (step === undefined) throw new Error(`use: npx node scripts/package.ts ${Object.keys(STEPS).join("|")}`);
step();
