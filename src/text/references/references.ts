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

/** A secret that the server stores. */
export type StoredSecret = {
  /** Origins that may receive the value; empty for those that the configuration gives. */
  readonly origins: readonly string[];
  /** Returns the value. Throws SecretUnreadableError. */
  read(): string;
};
/** Returns the stored secret of a name, if there is one. */
export type FindSecret = (name: string) => StoredSecret | undefined;
/** The secrets that a workspace may use; `*` stands for those that are assigned to all workspaces. */
export type SecretsOf = (workspace: string) => FindSecret;

/** A stored secret with the origins it is bound to. */
export type BoundSecret = { readonly name: string; readonly origins: readonly string[] };

/** Stored secrets for one use: a name has the same secret until the end of the use, and those that were found are known. */
export class SecretUse {
  readonly #find: FindSecret;
  readonly #found = new Map<string, StoredSecret | undefined>();

  constructor(find: FindSecret = () => undefined) {
    this.#find = find;
  }

  readonly find: FindSecret = (name) => {
    if (!this.#found.has(name)) this.#found.set(name, this.#find(name));
    return this.#found.get(name);
  };

  /** Whether no secret was found. */
  get isEmpty(): boolean {
    return [...this.#found.values()].every((secret) => secret === undefined);
  }

  /** The secrets that were found and are bound to origins. */
  bound(): readonly BoundSecret[] {
    return [...this.#found].flatMap(([name, secret]) =>
      secret === undefined || secret.origins.length === 0 ? [] : [{ name, origins: secret.origins }],
    );
  }
}

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

  /**
   * Text with each `${env:NAME}`, `${env:NAME:-default}`, `${file:path}` and `${secret:NAME}` replaced. A stored secret takes precedence over
   * the variable of its name. Without `secrets` none is found, as in addresses. Throws ReferenceUnresolvedError, never showing a value, and
   * SecretUnreadableError.
   */
  async resolve(text: string, secrets = new SecretUse()): Promise<string> {
    let resolved = "";
    let end = 0;
    for (const match of text.matchAll(REFERENCE)) {
      const [whole, kind = "", target = "", fallback] = match;
      resolved += text.slice(end, match.index) + (await this.#lookUp({ kind, target, fallback }, secrets));
      end = match.index + whole.length;
    }
    return resolved + text.slice(end);
  }

  /**
   * Keys that texts refer to: names of variables that are set and of stored secrets that are bound to no origin, and `file:` with a path.
   * Addresses have no `secrets`, as in `resolve`.
   */
  named(texts: readonly (string | undefined)[], secrets = new SecretUse()): readonly string[] {
    const names = texts.flatMap((text = "") =>
      [...text.matchAll(REFERENCE)].map(([, kind, target = ""]) => (kind === "file" ? `file:${target}` : target)),
    );
    return [...new Set(names)].filter((name) => {
      const stored = secrets.find(name);
      if (stored !== undefined) return stored.origins.length === 0;
      return name.startsWith("file:") || this.#environment[name] !== undefined;
    });
  }

  async #lookUp({ kind, target, fallback }: Reference, secrets: SecretUse): Promise<string> {
    const stored = kind === "file" ? undefined : secrets.find(target);
    if (stored !== undefined) return stored.read();
    if (kind === "secret")
      throw new ReferenceUnresolvedError(
        `the secret ${target}, which a definition or a provider refers to, is not stored, or not for this workspace`,
        `Store it: caxton secret set ${target}. Addresses cannot contain secrets.`,
        { reference: target },
      );
    if (kind === "env") {
      const value = this.#environment[target] ?? fallback;
      if (value !== undefined) return value;
      throw new ReferenceUnresolvedError(
        `the environment variable ${target}, which a definition or a provider refers to, is not set, or definitions may not refer to it`,
        `Store it (caxton secret set ${target}), or set ${target} where the server starts and permit it in models.environment of caxton.toml (names that end in _API_KEY or _BASE_URL are permitted).`,
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

type Reference = { readonly kind: string; readonly target: string; readonly fallback: string | undefined };

/** A reference in the configuration or in a definition. */
export const REFERENCE = /\$\{(env|file|secret):([^}:]+)(?::-([^}]*))?\}/g;
