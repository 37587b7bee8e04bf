import { join } from "node:path";
import process from "node:process";
import { DatabaseSync } from "node:sqlite";
import { makePrivateFile } from "../../kernel/files/private-files.ts";
import { isBusy } from "../../kernel/sqlite/errors.ts";
import { ModelDirectoryError, ModelInstallRunningError } from "./errors.ts";

/** Maximum wait for a lock that another process acquires or releases; then its owner is known. */
const WAIT_MS = 500;

/**
 * Locks a directory for the installation of a model, until disposed or until the process ends. The lock file stays. Throws
 * ModelInstallRunningError, which names the owner, and ModelDirectoryError.
 */
export function lockInstallation(directory: string): Disposable {
  const lock = opened(directory);
  try {
    // Other processes read the owner in the file's header: a write transaction does not block readers.
    lock.exec(`BEGIN IMMEDIATE; PRAGMA user_version = ${process.pid}; COMMIT; BEGIN IMMEDIATE`);
    return { [Symbol.dispose]: () => lock.close() };
  } catch (error) {
    const pid = isBusy(error) ? Number(lock.prepare("PRAGMA user_version").get()?.["user_version"]) : undefined;
    lock.close();
    throw pid === undefined ? unwritable(directory, error) : running(directory, pid);
  }
}

function opened(directory: string): DatabaseSync {
  try {
    makePrivateFile(join(directory, "install.lock"));
    return new DatabaseSync(join(directory, "install.lock"), { timeout: WAIT_MS });
  } catch (error) {
    throw unwritable(directory, error);
  }
}

/** Of what the system or SQLite refused. */
export const unwritable = (directory: string, cause: unknown): ModelDirectoryError =>
  new ModelDirectoryError(
    `models cannot be kept in ${directory}: ${cause instanceof Error ? cause.message : String(cause)}`,
    "Make the directory writable for this user, or choose another data directory (data.directory in caxton.toml, or CAXTON_DATA_DIR).",
    { directory },
    { cause },
  );

const running = (directory: string, pid: number): ModelInstallRunningError =>
  new ModelInstallRunningError(
    `process ${pid} is installing a model in ${directory}`,
    `Wait for it; or stop it (kill ${pid}) and run the same command again: it resumes the download.`,
    { directory, pid },
  );
