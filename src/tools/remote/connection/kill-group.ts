import type { ChildProcess } from "node:child_process";

const isWindows = process.platform === "win32";

/** Sends a signal, as `process.kill` does. */
export type Kill = (pid: number, signal: "SIGKILL") => unknown;

/**
 * Kills a process with all of its group; one that has already ended is no failure. Never throws, since no caller would
 * catch it: if a process cannot be killed, for example one that runs as another user by now, passes the reason to `log`
 * and returns false.
 */
export function killGroup(
  { pid, exitCode }: Pick<ChildProcess, "pid" | "exitCode">,
  log: (piece: string) => void,
  kill: Kill = (each, signal) => process.kill(each, signal),
): boolean {
  if (pid === undefined || (isWindows && exitCode !== null)) return true;
  try {
    kill(isWindows ? pid : -pid, "SIGKILL");
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ESRCH") return true;
    const why = error instanceof Error ? error.message : String(error);
    log(`the process ${pid} and what it started cannot be ended: ${why}\n`);
    return false;
  }
}
