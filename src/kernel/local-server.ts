import { readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { parseJson } from "./json.ts";
import { log } from "./log.ts";
import { makePrivateDirectory, PRIVATE_FILE } from "./files/private-files.ts";

const LocalServer = z.object({ url: z.url(), pid: z.int().positive(), certificate: z.string().optional() });
/** A server on this machine: where it listens, its process and the file of its certificate. */
export type LocalServer = z.infer<typeof LocalServer>;

const place = (dataDirectory: string): string => join(dataDirectory, "server.json");

/**
 * The server of another process that uses this data directory, if it has written its server file: commands beside it
 * need no `--server`.
 */
export function localServer(dataDirectory: string): LocalServer | undefined {
  try {
    const parsed = parseJson(readFileSync(place(dataDirectory), "utf8"));
    const found = LocalServer.safeParse(parsed.type === "parsed" ? parsed.value : undefined);
    // A word of this process's own id is of one before it, or of another container with ids of its own.
    const another = found.success && found.data.pid !== process.pid && isAlive(found.data.pid);
    return another ? found.data : undefined;
  } catch {
    // No file, or none that may be read: there is no such server.
    return undefined;
  }
}

/** Writes the file that says where this process's server listens; returns a function that deletes it. */
export function writeServerFile(dataDirectory: string, url: string, certificate: string | undefined): () => void {
  try {
    makePrivateDirectory(dataDirectory);
    writeFileSync(place(dataDirectory), `${JSON.stringify({ url, pid: process.pid, certificate })}\n`, {
      mode: PRIVATE_FILE,
    });
  } catch (error) {
    // A full disk, say: the server itself may be what makes room again.
    log.warn({ err: error, file: place(dataDirectory) }, "commands find this server only with --server");
  }
  return () => forgetLocalServer(dataDirectory);
}

/** Removes the announcement of a server, also of one that was killed: its process id may be another program's by now. */
export function forgetLocalServer(dataDirectory: string): void {
  try {
    unlinkSync(place(dataDirectory));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return;
    log.warn({ err: error, file: place(dataDirectory) }, "the file that announces the server cannot be removed");
  }
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // A process of another user answers EPERM: it is alive.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
};
