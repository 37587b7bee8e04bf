import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { MODULE_CACHE } from "../helpers/server.ts";

/** The file that `npx caxton` runs. */
export const LAUNCHER = fileURLToPath(new URL("../../bin/caxton.mjs", import.meta.url));

export type Surroundings = {
  readonly server?: string;
  readonly environment?: { readonly [name: string]: string };
  readonly input?: string;
  readonly cwd?: string;
};

export type Ended = {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
};

/** The real command in a process of its own, in pipes and with an environment that holds nothing else. */
export function start(args: readonly string[], surroundings: Surroundings = {}) {
  const { server, environment, input, cwd } = surroundings;
  const child = spawn(process.execPath, [LAUNCHER, ...args], {
    env: {
      CAXTON_SERVER: server ?? "http://127.0.0.1:1",
      CAXTON_DATA_DIR: "/nonexistent",
      CAXTON_SANDBOX__CACHE_DIRECTORY: MODULE_CACHE,
      ...environment,
    },
    stdio: "pipe",
    ...(cwd !== undefined && { cwd }),
  });
  child.stdin.end(input ?? "");
  const ended = Promise.all([once(child, "close"), text(child.stdout), text(child.stderr)]).then(
    ([, stdout, stderr]): Ended => ({ code: child.exitCode, signal: child.signalCode, stdout, stderr }),
  );
  return { child, ended };
}

export const caxton = (args: readonly string[], surroundings: Surroundings = {}): Promise<Ended> =>
  start(args, surroundings).ended;
