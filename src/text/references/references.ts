import { readFile, realpath } from "node:fs/promises";
import { resolve, sep } from "node:path";
import { CaxtonError } from "../../kernel/errors.ts";

/** Environment variables by name. */
export type Environment = { readonly [name: string]: string | undefined };

export class ReferenceUnresolvedError extends CaxtonError<{ readonly reference: string }> {
  readonly code = "REFERENCE_UNRESOLVED";
  readonly kind = "rejected";
}

/** Receives each secret that is read, so that it can be hidden. */
export type SecretFound = (name: string, value: string) => void;

/** Replaces references to keys and addresses by what they stand for. */
export class References {
  readonly #environment: Environment;
  readonly #directories: readonly string[];
  readonly #found: SecretFound | undefined;

  /** `environment` holds what may be referred to and nothing else; files are read from `directories` only. */
  constructor(environment: Environment, directories: readonly string[], found?: SecretFound) {
    this.#environment = environment;
    this.#directories = directories;
    this.#found = found;
  }

  /** Text with each `${env:NAME}`, `${env:NAME:-default}` and `${file:path}` replaced. Throws ReferenceUnresolvedError, never showing a value. */
  async resolve(text: string): Promise<string> {
    let resolved = "";
    let end = 0;
    for (const match of text.matchAll(REFERENCE)) {
      const [whole, kind = "", target = "", fallback] = match;
      resolved += text.slice(end, match.index) + (await this.#lookUp(kind, target, fallback));
      end = match.index + whole.length;
    }
    return resolved + text.slice(end);
  }

  /** What of the server's own texts refer to: names of variables that are set, and `file:` with a path. */
  named(...texts: readonly (string | undefined)[]): readonly string[] {
    const names = texts.flatMap((text = "") =>
      [...text.matchAll(REFERENCE)].map(([, kind, target = ""]) => (kind === "file" ? `file:${target}` : target)),
    );
    return [...new Set(names)].filter((name) => name.startsWith("file:") || this.#environment[name] !== undefined);
  }

  async #lookUp(kind: string, target: string, fallback: string | undefined): Promise<string> {
    if (kind === "env") {
      const value = this.#environment[target] ?? fallback;
      if (value !== undefined) return value;
      throw new ReferenceUnresolvedError(
        `the environment variable ${target}, which a definition or a provider refers to, is not set, or definitions may not refer to it`,
        `Set ${target} where the server starts, and permit it in models.environment of caxton.toml (names that end in _API_KEY or _BASE_URL are permitted).`,
        { reference: target },
      );
    }
    return this.#readSecret(target);
  }

  /** The first of the directories that has the file gives the value. */
  async #readSecret(target: string): Promise<string> {
    const roots = await Promise.all(this.#directories.map((directory) => realpath(directory).catch(() => undefined)));
    let cause: unknown;
    for (const directory of this.#directories) {
      try {
        const path = await realpath(resolve(directory, target));
        if (roots.some((root) => root !== undefined && path.startsWith(root + sep))) {
          const value = (await readFile(path, "utf8")).trim();
          this.#found?.(target, value);
          return value;
        }
      } catch (error) {
        cause = error;
      }
    }
    throw unreadable(target, this.#directories, cause);
  }
}

/** The variables that texts refer to. */
export const variablesIn = (...texts: readonly string[]): readonly string[] =>
  texts.flatMap((text) =>
    [...text.matchAll(REFERENCE)].flatMap(([, kind, name]) => (kind === "env" && name !== undefined ? [name] : [])),
  );

const unreadable = (target: string, directories: readonly string[], cause: unknown): ReferenceUnresolvedError =>
  new ReferenceUnresolvedError(
    `the file ${target}, which a definition or a provider refers to, cannot be read or is not in a directory for secrets`,
    `Put it into one of: ${directories.join(", ")} (models.secrets_directories in caxton.toml).`,
    { reference: target },
    { cause },
  );

const REFERENCE = /\$\{(env|file):([^}:]+)(?::-([^}]*))?\}/g;

/** A reference in the settings of a tool server that runs elsewhere, which may name a secret too. */
export const SERVER_REFERENCE = /\$\{(env|file|secret):([^}:]+)(?::-([^}]*))?\}/g;
