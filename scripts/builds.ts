import { createHash } from "node:crypto";
import {
  existsSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import * as z from "zod";

const RECORD = "BUILD.json";

const Record = z.strictObject({
  /** sha256 of the inputs. */
  inputs: z.string(),
  /** Paths of the files, relative to the build. */
  files: z.array(z.string()),
  /** Directories of the npm packages that are bundled, relative to the repository. */
  packages: z.array(z.string()),
});
export type BuildRecord = z.infer<typeof Record>;

export type BuildOptions = {
  /** The directory of the build. */
  readonly to: string;
  /** sha256 of everything that determines the build. */
  readonly inputs: string;
  /** The file that leads to all others. It is replaced last, so that it never names a file that is not there. */
  readonly entry: string;
  /** Whether files of the previous build stay: a running server may still load some of them. */
  readonly keepPrevious: boolean;
  /** Whether to build even if the inputs are unchanged. */
  readonly force: boolean;
  /** Builds into an empty directory and returns the directories of the bundled packages. */
  readonly make: (directory: string) => Promise<readonly string[]>;
};

/** Builds, unless the build is up to date; returns whether it did. A reader finds every file at any time, old or new. */
export async function buildInto({ to, inputs, entry, keepPrevious, force, make }: BuildOptions): Promise<boolean> {
  const previous = readRecord(to);
  if (!force && previous?.inputs === inputs && previous.files.every((file) => existsSync(join(to, file)))) {
    // What compares times has to see that the build is newer than its sources.
    const now = new Date();
    for (const file of previous.files) utimesSync(join(to, file), now, now);
    return false;
  }
  const staging = `${to}.new-${process.pid}`;
  try {
    mkdirSync(staging, { recursive: true });
    const packages = await make(staging);
    const files = filesIn(staging);
    if (!files.includes(entry)) throw new Error(`the build has no ${entry}`);
    const record: BuildRecord = { inputs, files: [...files], packages: packages.toSorted() };
    writeFileSync(join(staging, RECORD), `${JSON.stringify(record, undefined, 2)}\n`);
    for (const file of [...files.filter((each) => each !== entry), entry, RECORD]) {
      mkdirSync(dirname(join(to, file)), { recursive: true });
      renameSync(join(staging, file), join(to, file));
    }
    sweep(to, new Set([...files, RECORD, ...(keepPrevious ? (previous?.files ?? []) : [])]));
    return true;
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

/** The record of a build; undefined where there is none, or one of another version. */
export function readRecord(directory: string): BuildRecord | undefined {
  const file = join(directory, RECORD);
  if (!existsSync(file)) return undefined;
  const { success, data } = Record.safeParse(JSON.parse(readFileSync(file, "utf8")));
  return success ? data : undefined;
}

/** Deletes the files of previous builds. */
export function sweepPrevious(directory: string): void {
  const record = readRecord(directory);
  if (record !== undefined) sweep(directory, new Set([...record.files, RECORD]));
}

function sweep(directory: string, kept: ReadonlySet<string>): void {
  for (const file of filesIn(directory)) if (!kept.has(file)) rmSync(join(directory, file));
}

const filesIn = (directory: string): readonly string[] =>
  readdirSync(directory, { recursive: true, encoding: "utf8" })
    .map((file) => file.replaceAll("\\", "/"))
    .filter((file) => statSync(join(directory, file)).isFile());

/** sha256 of the names and the content of files. */
export function hashOf(root: string, patterns: readonly string[], excluded: readonly string[]): string {
  const hash = createHash("sha256");
  for (const file of globSync([...patterns], { cwd: root, exclude: [...excluded] }).toSorted()) {
    if (!statSync(join(root, file)).isFile()) continue;
    hash.update(
      `${file}\n${createHash("sha256")
        .update(readFileSync(join(root, file)))
        .digest("hex")}\n`,
    );
  }
  return hash.digest("hex");
}

/** The directory of the npm package that a module belongs to, from `node_modules` on; undefined for one of ours. */
export function packageOf(module: string): string | undefined {
  return /node_modules\/(?:.*node_modules\/)?(?:@[^/]+\/)?[^/]+/.exec(module.replaceAll("\\", "/"))?.[0];
}
