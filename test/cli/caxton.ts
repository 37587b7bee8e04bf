import { spawn } from "node:child_process";
import { once } from "node:events";
import { PassThrough, Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { runCommandLine } from "../../src/cli/command-line.ts";
import { readCommandEnvironment } from "../../src/server/config/environment/index.ts";
import { MODULE_CACHE } from "../helpers/server.ts";

/** Where no server is. */
const NOWHERE = "http://127.0.0.1:1";

/** The file that `npx caxton` runs. */
export const LAUNCHER = fileURLToPath(new URL("../../bin/caxton.mjs", import.meta.url));

/**
 * Runs a command so that permissions of files hold for root too. Another user would not do: the checkout may be in a
 * directory that only its owner can enter.
 */
export const UNPRIVILEGED: readonly string[] =
  process.getuid?.() === 0 ? ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] : [];

export type ProcessContext = {
  readonly server?: string;
  readonly environment?: { readonly [name: string]: string };
  readonly input?: string;
  readonly cwd?: string;
  /** A command that runs the words behind it, such as a shell that sets a limit. */
  readonly through?: readonly string[];
};

export type Ended = {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
};

/** The real command in a process of its own, in pipes and with an environment that holds nothing else. */
export function start(args: readonly string[], processContext: ProcessContext = {}) {
  const { server, environment, input, cwd, through = [] } = processContext;
  const [program = "", ...words] = [...through, process.execPath, LAUNCHER, ...args];
  const child = spawn(program, words, {
    env: {
      CAXTON_SERVER: server ?? NOWHERE,
      CAXTON_DATA_DIR: "/nonexistent",
      XDG_CONFIG_HOME: "/nonexistent",
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

export const caxton = (args: readonly string[], processContext: ProcessContext = {}): Promise<Ended> =>
  start(args, processContext).ended;

const HOME = process.cwd();
/** Working directories of the commands that run in this process. */
const places: string[] = [];

/**
 * The same command line in this process, which saves the start of one: for commands that ask a server something, and for what
 * they say. What belongs to a process (signals, pipes, the rest of the environment, a server of its own) needs `caxton`, and
 * each family of commands is called that way at least once.
 */
export async function commandLine(args: readonly string[], processContext: ProcessContext = {}): Promise<Ended> {
  const { server, environment, input, cwd } = processContext;
  const [output, error] = [new PassThrough(), new PassThrough()];
  const said = Promise.all([text(output), text(error)]);
  if (cwd !== undefined) {
    if (places.some((place) => place !== cwd)) throw new Error("a process has one working directory at a time");
    places.push(cwd);
    process.chdir(cwd);
  }
  try {
    const variables = {
      CAXTON_SERVER: server ?? NOWHERE,
      CAXTON_DATA_DIR: "/nonexistent",
      XDG_CONFIG_HOME: "/nonexistent",
      ...environment,
    };
    const code = await runCommandLine(args, {
      streams: { input: Readable.from(input === undefined ? [] : [input]), output, error },
      environment: readCommandEnvironment(variables),
    });
    output.end();
    error.end();
    const [stdout, stderr] = await said;
    return { code, signal: null, stdout, stderr };
  } finally {
    if (cwd !== undefined) places.splice(places.indexOf(cwd), 1);
    if (places.length === 0) process.chdir(HOME);
  }
}
