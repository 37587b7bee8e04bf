import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { repository } from "./server.ts";

/** Copies the files of this repository as they are now, without what git ignores, that `isWanted`. */
export function copyCheckout(directory: string, isWanted: (file: string) => boolean = () => true): void {
  const words = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  const files = execFileSync("git", words, { cwd: repository }).toString().split("\0");
  for (const file of files.filter((each) => each !== "" && isWanted(each))) {
    mkdirSync(join(directory, dirname(file)), { recursive: true });
    cpSync(join(repository, file), join(directory, file), { preserveTimestamps: true });
  }
}
