/**
 * componentize-py with a memory: `node componentize.ts <componentize-py> <its words…>`, in a project's directory. A
 * component takes it from ten seconds to a minute, and nothing but the program, the words and the files decides what it
 * becomes.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, globSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import process from "node:process";
import { TOOLCHAIN_DIRECTORY } from "../../../scripts/ensure-toolchains.ts";

const [program = "", ...words] = process.argv.slice(2);
const output = words.at(words.indexOf("--output") + 1) ?? "";

const hash = createHash("sha256").update(JSON.stringify([relative(TOOLCHAIN_DIRECTORY, program), words]));
for (const file of globSync(["*.py", "wit/**/*.wit"]).toSorted()) hash.update(`\0${file}\0`).update(readFileSync(file));
const kept = join(TOOLCHAIN_DIRECTORY, "components", `${hash.digest("hex")}.wasm`);

if (existsSync(kept)) copyFileSync(kept, output);
else {
  process.exitCode = spawnSync(program, words, { stdio: "inherit" }).status ?? 1;
  if (process.exitCode === 0) {
    mkdirSync(dirname(kept), { recursive: true });
    const made = `${kept}.${process.pid}`;
    copyFileSync(output, made);
    renameSync(made, kept);
  }
}
