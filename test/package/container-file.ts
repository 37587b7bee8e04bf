import { execFileSync } from "node:child_process";
import { cpSync, globSync, mkdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { copyCheckout } from "../helpers/checkout.ts";
import { repository } from "../helpers/server.ts";

/** What a container of the image would have: its files, below `root`, and its settings. */
export type Image = {
  readonly root: string;
  readonly environment: { readonly [name: string]: string };
  readonly workingDirectory: string;
  /** The words of the health check. */
  readonly healthCheck: readonly string[];
};

/** Instructions that change no file and are of no matter here. */
const IGNORED = ["ARG", "USER", "VOLUME", "EXPOSE", "STOPSIGNAL", "ENTRYPOINT", "CMD"];

/**
 * Stands for `npm` and `chown` while a stage is laid out. `npm ci` and `npm install` take packages from this repository
 * instead of a registry; `npm pack` finds the build that is already there, and is real.
 */
const COMMANDS = String.raw`
npm() {
  case "$1" in
    ci) ln -s "$REPOSITORY/node_modules" node_modules ;;
    pack)
      cp -a "$REPOSITORY/dist" dist && cp -a "$REPOSITORY/dashboard/dist" dashboard/dist && command npm pack --silent ;;
    install)
      local prefix archive place
      while [ $# -gt 0 ]; do
        if [ "$1" = --prefix ]; then prefix=$2; fi
        archive=$1; shift
      done
      place=$prefix/lib/node_modules/caxton-server
      mkdir -p "$place/node_modules" "$prefix/bin"
      tar -xzf "$archive" -C "$place" --strip-components=1
      node -e '
        const { symlinkSync, existsSync } = require("node:fs");
        const [place, prefix] = process.argv.slice(1);
        const { dependencies, optionalDependencies, bin } = require(place + "/package.json");
        for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
          const source = process.env.REPOSITORY + "/node_modules/" + name;
          if (existsSync(source)) symlinkSync(source, place + "/node_modules/" + name);
        }
        for (const [name, file] of Object.entries(bin)) symlinkSync("../lib/node_modules/caxton-server/" + file, prefix + "/bin/" + name);
      ' "$place" "$prefix" ;;
    *) echo "no stand-in for npm $1" >&2; return 1 ;;
  esac
}
chown() { :; }
`;

/** Lays out the files of `deploy/Containerfile` in `directory`, by its own instructions. Throws for one unknown here. */
export function layOut(directory: string): Image {
  const text = readFileSync(join(repository, "deploy/Containerfile"), "utf8");
  const lines = text
    .replaceAll(/^#.*\n/gm, "")
    .replaceAll("\\\n", " ")
    .split("\n")
    .filter(Boolean);
  const stages = new Map<string, string>();
  let root = "";
  let place = "";
  let healthCheck: readonly string[] = [];
  let environment: { [name: string]: string } = {};
  for (const line of lines) {
    const [, instruction = "", rest = ""] = /^(\w+)\s+(.*)$/.exec(line) ?? [];
    if (IGNORED.includes(instruction)) continue;
    switch (instruction) {
      case "FROM": {
        const name = / AS (\w+)$/.exec(rest)?.[1] ?? "image";
        root = join(directory, name);
        stages.set(name, root);
        environment = {};
        mkdirSync(join(root, "usr/local/bin"), { recursive: true });
        break;
      }
      case "ENV":
        for (const [, name = "", value = ""] of rest.matchAll(/(\w+)=(\S+)/g)) environment[name] = value;
        break;
      case "HEALTHCHECK":
        healthCheck = JSON.parse(rest.split(" CMD ")[1] ?? "[]");
        break;
      case "WORKDIR":
        place = join(root, rest);
        mkdirSync(place, { recursive: true });
        break;
      case "COPY":
        copy(rest.split(/\s+/));
        break;
      case "RUN": {
        const command = rest.replaceAll(/(^|\s)\/(?=[a-z])/g, `$1${root}/`);
        execFileSync("bash", ["-euo", "pipefail", "-c", COMMANDS + command], {
          cwd: place,
          env: { ...process.env, REPOSITORY: repository, PATH: `${dirname(process.execPath)}:/usr/bin:/bin` },
          stdio: "pipe",
        });
        break;
      }
      default:
        throw new Error(`deploy/Containerfile: no stand-in for ${line}`);
    }
  }
  return { root, environment, workingDirectory: place, healthCheck };

  function copy(words: string[]): void {
    const from = words[0]?.startsWith("--from=") ? words.shift()?.slice("--from=".length) : undefined;
    const to = words.pop() ?? "";
    const target = to.startsWith("/") ? join(root, to) : join(place, to);
    for (const source of words) {
      if (from !== undefined)
        cpSync(join(stages.get(from) ?? "", source), target, { recursive: true, verbatimSymlinks: true });
      else if (source === ".") copyCheckout(target, isInContext);
      else cpSync(join(repository, source), to.endsWith("/") ? join(target, basename(source)) : target);
    }
  }
}

const ignored = readFileSync(join(repository, ".dockerignore"), "utf8").split("\n").filter(Boolean);

/** Whether the build of the image sees a file of the repository. */
const isInContext = (file: string): boolean =>
  !ignored.some((pattern) =>
    pattern.startsWith("**/") ? file.split("/").includes(pattern.slice(3)) : file.split("/")[0] === pattern,
  );

/** The one file of a directory that matches. */
export function onlyFile(directory: string, pattern: string): string {
  const [file, ...others] = globSync(pattern, { cwd: directory });
  if (file === undefined || others.length > 0) throw new Error(`${directory}: not one ${pattern}`);
  return join(directory, file);
}
