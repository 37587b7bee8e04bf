import { syncBuiltinESMExports } from "node:module";
import os from "node:os";
import process from "node:process";

const REMOVED: readonly string[] = [
  "kill",
  "_kill",
  "_debugProcess",
  "_debugEnd",
  "execve",
  "dlopen",
  "binding",
  "_linkedBinding",
  "chdir",
  "umask",
  "loadEnvFile",
  "setuid",
  "seteuid",
  "setgid",
  "setegid",
  "setgroups",
  "initgroups",
];

/**
 * Removes from a sandbox child the calls that reach other processes and that Node's permission model does not check:
 * signals, priorities and the start of a debugger in another process of the same user.
 */
export function removeCalls(): void {
  for (const name of REMOVED) Reflect.deleteProperty(process, name);
  Reflect.deleteProperty(os, "setPriority");
  syncBuiltinESMExports();
}
