import { execFile } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { clientBuild } from "../../scripts/client-build.ts";
import { repository } from "../helpers/server.ts";

const run = promisify(execFile);

/** Puts the client, as the package publishes it, where programs in `directory` import it. */
export async function publishInto(directory: string): Promise<void> {
  const home = join(directory, "node_modules", "caxton-server");
  const client = join(home, "dist", "client");
  mkdirSync(client, { recursive: true });
  symlinkSync(join(repository, "package.json"), join(home, "package.json"));
  await build(clientBuild(repository, join(client, "index.js")));
  await run(process.execPath, [join(repository, "scripts/client-types.ts"), client]);
}

/** Checks the types of programs for Node with the client in `directory`; returns what is wrong. */
export async function typeErrors(directory: string, files: readonly string[]): Promise<string> {
  const compilerOptions = {
    target: "esnext",
    module: "nodenext",
    strict: true,
    noEmit: true,
    types: ["node"],
    typeRoots: [join(repository, "node_modules/@types")],
  };
  writeFileSync(join(directory, "tsconfig.json"), JSON.stringify({ compilerOptions, files }));
  const tsc = join(repository, "node_modules/typescript/bin/tsc");
  return run(process.execPath, [tsc, "-p", directory]).then(
    ({ stdout }) => stdout,
    ({ stdout }: { readonly stdout: string }) => stdout,
  );
}
