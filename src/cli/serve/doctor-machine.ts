import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statfsSync,
  statSync,
} from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import * as z from "zod";
import { isOpenToOthers } from "../../kernel/files/private-files.ts";
import { countOf, showBytes } from "../terminal/index.ts";
import { CaxtonError } from "../../kernel/errors.ts";
import type { Config } from "../../server/index.ts";
import type * as Server from "../../server/index.ts";
import { PACKAGE_DIRECTORY } from "../../kernel/package.ts";

export type Finding = {
  readonly check: string;
  readonly state: "ok" | "warn" | "fail";
  readonly note: string;
  /** What to do; empty when nothing needs to be done. */
  readonly fix: string;
};

const NODE_MAJOR_MIN = 26;
const FREE_BYTES_WARN = 2e9;
const FREE_BYTES_FAIL = 2e8;

/** Whether every part of the package that package.json lists is there. A checkout also works without its build. */
export function checkInstallation(directory = PACKAGE_DIRECTORY): Finding {
  const manifest: unknown = JSON.parse(readFileSync(join(directory, "package.json"), "utf8"));
  const { files } = z.object({ files: z.array(z.string()) }).parse(manifest);
  const missing = files.filter((file) => !existsSync(join(directory, file)));
  const check = "installation";
  if (missing.length === 0) return { check, state: "ok", note: directory, fix: "" };
  const note = `${directory} lacks ${missing.join(", ")}`;
  return existsSync(join(directory, "src"))
    ? { check, state: "warn", note, fix: `in ${directory} run: npm ci` }
    : { check, state: "fail", note, fix: "reinstall Caxton" };
}

export function checkNode(): Finding {
  const { node } = process.versions;
  const recent = Number.parseInt(node, 10) >= NODE_MAJOR_MIN;
  return {
    check: "node",
    state: recent ? "ok" : "fail",
    note: node,
    fix: recent ? "" : `use Node.js ${NODE_MAJOR_MIN} or newer`,
  };
}

/** Whether the data directory can be written, and has room. */
export function checkDisk(directory: string): Finding[] {
  const place = nearestExisting(directory);
  const check = "data directory";
  try {
    accessSync(place, constants.W_OK);
  } catch {
    return [
      {
        check,
        state: "fail",
        note: `${place} cannot be written`,
        fix: "choose another with --data-dir or CAXTON_DATA_DIR",
      },
    ];
  }
  const { bavail, bsize } = statfsSync(place);
  const free = bavail * bsize;
  const state = free < FREE_BYTES_FAIL ? "fail" : free < FREE_BYTES_WARN ? "warn" : "ok";
  return [
    { check, state: "ok", note: place === directory ? directory : `${directory}, made when a server starts`, fix: "" },
    {
      check: "disk space",
      state,
      note: `${showBytes(free)} free`,
      fix: state === "ok" ? "" : "make room, or move the data directory",
    },
  ];
}

/** Whether other users can read or change what is in the data directory; `repair` removes their rights. */
export function checkRights(directory: string, repair: boolean): Finding[] {
  if (!existsSync(directory)) return [];
  const check = "data privacy";
  const open = [directory, ...entriesOf(directory)].filter(isOpenToOthers);
  if (open.length === 0) return [{ check, state: "ok", note: "only this user can read it", fix: "" }];
  const entries = countOf(open.length, "path");
  if (!repair) {
    const note = `other users have rights to ${entries} of ${directory}`;
    return [{ check, state: "warn", note, fix: "caxton doctor --repair" }];
  }
  const left = open.filter((path) => !closeToOthers(path));
  if (left.length === 0) {
    return [{ check, state: "ok", note: `took the rights of other users from ${entries}`, fix: "" }];
  }
  const note = `the rights of ${left.length} of ${entries} cannot be changed, such as ${left[0]}`;
  return [{ check, state: "fail", note, fix: `run it as the owner, or: chmod -R go-rwx ${directory}` }];
}

/** Files and directories below, links not followed; those that go meanwhile are left out. */
function entriesOf(directory: string): readonly string[] {
  try {
    return readdirSync(directory, { recursive: true, encoding: "utf8" }).map((name) => join(directory, name));
  } catch {
    return [];
  }
}

function closeToOthers(path: string): boolean {
  try {
    chmodSync(path, lstatSync(path).mode & 0o700);
    return true;
  } catch {
    return !existsSync(path);
  }
}

const nearestExisting = (path: string): string => (existsSync(path) ? path : nearestExisting(dirname(path)));

/** Whether clients accept the certificate of `[server.tls]`, and only this user can read its key. */
export function checkCertificate(
  table: Config["server"]["tls"],
  { readCertificate, validityOf }: Pick<typeof Server, "readCertificate" | "validityOf">,
): Finding[] {
  if (table === undefined) return [];
  const { certificate, private_key: key } = table;
  const check = "certificate";
  try {
    const validity = validityOf(readCertificate(table), Date.now());
    const fix =
      validity.state === "ok" ? "" : `replace ${certificate} and its key; a running server uses changed files`;
    const found: Finding[] = [{ check, ...validity, fix }];
    if (!isOpenToOthers(realpathSync(key))) return found;
    return [...found, { check, state: "warn", note: `other users have rights to ${key}`, fix: `chmod 600 ${key}` }];
  } catch (error) {
    if (!(error instanceof CaxtonError)) throw error;
    return [{ check, state: "fail", note: error.message, fix: error.hint }];
  }
}

/** Whether a server could listen, unless it is Caxton that does. */
export async function checkPort(host: string, port: number, serverAnswers: boolean): Promise<Finding> {
  const check = `port ${port}`;
  if (port === 0) return { check, state: "ok", note: "any free one", fix: "" };
  const refusal = await listenOnce(host, port);
  if (refusal === undefined) return { check, state: "ok", note: "free", fix: "" };
  if (refusal === "EADDRINUSE" && serverAnswers) return { check, state: "ok", note: "used by the server", fix: "" };
  const note = refusal === "EADDRINUSE" ? "used by another program" : `cannot listen on ${host}: ${refusal}`;
  return { check, state: "fail", note, fix: "stop it, or choose another with --port or CAXTON_PORT" };
}

/** The code of the error that listening gives; undefined when it works. */
async function listenOnce(host: string, port: number): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const server = createServer();
  server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  return promise;
}

/** Whether the definitions that a server would deploy can be. */
export async function checkAgents(files: readonly string[]): Promise<Finding> {
  const check = "definitions";
  if (files.length === 0) {
    return { check, state: "ok", note: "none in the agents directory", fix: "" };
  }
  const { readDefinition } = await import("../../agents/definitions/index.ts");
  const broken: string[] = [];
  for (const file of files) {
    // One that cannot be read is as broken as one that is wrong.
    const text = await readFile(file, "utf8").catch(() => undefined);
    if (text === undefined || readDefinition(text, file).type === "invalid") broken.push(file);
  }
  if (broken.length === 0) return { check, state: "ok", note: countOf(files.length, "file"), fix: "" };
  return {
    check,
    state: "fail",
    note: `${broken.length} of ${files.length} have errors`,
    fix: `caxton agent validate ${broken.join(" ")}`,
  };
}

/** Whether the clock shows a time after this program was installed. Ids and expiry dates stand on it. */
export function checkClock(): Finding {
  const installedMs = statSync(join(PACKAGE_DIRECTORY, "package.json")).mtimeMs;
  const now = new Date();
  const ahead = now.getTime() > installedMs - 86_400_000;
  return {
    check: "clock",
    state: ahead ? "ok" : "fail",
    note: now.toISOString(),
    fix: ahead ? "" : "set the clock of this machine",
  };
}
