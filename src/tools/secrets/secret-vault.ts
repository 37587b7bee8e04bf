import { createHmac, randomBytes } from "node:crypto";
import { accessSync, type BigIntStats, constants, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { GrantedSecret } from "../brokers/http/index.ts";
import { type Secret, SECRET_CHARS_MIN, type Secrets } from "../../text/redaction/index.ts";
import { CaxtonError } from "../../kernel/errors.ts";
import { ALL_WORKSPACES } from "../../kernel/rights/default-workspace.ts";
import type { SecretFound, SecretsOf } from "../../text/references/index.ts";
import type { Grants } from "../catalogue/index.ts";

export type VaultOptions = {
  /** Looked through in their order for a file with the secret's name. */
  readonly directories: readonly string[];
  /** From `CAXTON_SECRET_<NAME>`; they go before files. */
  readonly variables: { readonly [name: string]: string };
  /** Secrets that the server stores; they go before variables. */
  readonly stored?: SecretsOf | undefined;
  /** The operator's workspace. */
  readonly workspace: string;
  /** Called with each value that is returned. */
  readonly found?: SecretFound | undefined;
};

/** A call of a tool server. */
type SecretUser = {
  readonly server: string;
  readonly grants: Grants;
  readonly context: { readonly workspace: string };
};

type Found =
  /** Origins that may receive the value; empty for any. */
  | { readonly type: "found"; readonly value: string; readonly origins: readonly string[] }
  | { readonly type: "missing"; readonly why: string };

const FILE_BYTES_MAX = 64 * 1024;
/** Values of one secret that are kept hidden; of one that changes more often than that, the oldest are not. */
const VALUES_MAX = 64;
const NONE: readonly string[] = [];

/**
 * Secrets of tools, by name. A file is read each time, so that a change applies from the next request on;
 * the values before it stay hidden as long as the process lives, since a guest may have them still.
 * The placeholder of a secret in a guest is generated at each start of the server, separately for each tool server.
 */
export class SecretVault {
  readonly #directories: readonly string[];
  readonly #variables: ReadonlyMap<string, string>;
  readonly #stored: SecretsOf;
  readonly #workspace: string;
  readonly #key = randomBytes(32);
  /** Values that each secret has had, the latest last. */
  readonly #values = new Map<string, readonly string[]>();
  /** The stored secret, or what its file looked like, when each was last read to hide what is in it. */
  readonly #marks = new Map<string, unknown>();

  readonly #found: SecretFound | undefined;

  constructor({ directories, variables, stored, workspace, found }: VaultOptions) {
    this.#stored = stored ?? (() => () => undefined);
    this.#workspace = workspace;
    this.#directories = directories;
    this.#found = found;
    this.#variables = new Map(Object.entries(variables));
  }

  /** What HTTP may send for a tool server in a call of its workspace's run; without those that the guest has itself. */
  granted({ server, grants, context }: SecretUser): readonly GrantedSecret[] {
    return grants.secrets
      .filter(({ as }) => as === "placeholder")
      .map((grant) => {
        const found = this.#find(grant.name, context.workspace);
        const placeholder = this.#placeholder(server, grant.name);
        return found.type === "found"
          ? { grant, placeholder, value: found.value, origins: found.origins, hint: "" }
          : { grant, placeholder, value: undefined, origins: NONE, hint: found.why };
      });
  }

  /** What the guest finds in variables of the secrets' names. */
  variables(
    server: string,
    grants: Grants,
    workspace: string,
  ): readonly { readonly name: string; readonly value: string }[] {
    return grants.secrets.flatMap((grant) => {
      const { name, as } = grant;
      if (as === "placeholder") return [{ name, value: this.#placeholder(server, name) }];
      const found = this.#granted(grant, workspace);
      return found.type === "found" ? [{ name, value: found.value }] : [];
    });
  }

  /** Returns the current and former values of granted secrets, for redaction. The same array until one changes. */
  confidential(grants: Grants): Secrets {
    const names = grants.secrets.map(({ name }) => name);
    if (names.length === 0) return [];
    let known: readonly (readonly string[])[] = [];
    let secrets: readonly Secret[] = [];
    return () => {
      const values = names.map((name) => this.#valuesOf(name));
      if (values.length !== known.length || values.some((each, index) => each !== known[index])) {
        known = values;
        secrets = names.flatMap((name, index) => (values[index] ?? []).map((value) => ({ name, value })));
      }
      return secrets;
    };
  }

  #valuesOf(name: string): readonly string[] {
    // The reader of a value reads the file again and remembers it, so the modification mark of the file is
    // sufficient here.
    const mark = this.#stored(this.#workspace)(name) ?? (this.#variables.has(name) ? "variable" : this.#markOf(name));
    if (mark !== this.#marks.get(name)) {
      this.#find(name);
      this.#marks.set(name, mark);
    }
    return this.#values.get(name) ?? NONE;
  }

  /** Granted secrets that are not there, and what to do about each. */
  missing(grants: Grants, workspace: string): readonly { readonly name: string; readonly why: string }[] {
    return grants.secrets.flatMap((grant) => {
      const found = this.#granted(grant, workspace);
      return found.type === "missing" ? [{ name: grant.name, why: found.why }] : [];
    });
  }

  /** What a secret of this server's own holds now; one that is bound to origins is for tools and models only. */
  find(name: string): Found {
    return unbound(this.#find(name, ALL_WORKSPACES));
  }

  /** A secret as a grant gives it. */
  #granted({ name, as }: Grants["secrets"][number], workspace: string): Found {
    const found = this.#find(name, workspace);
    return as === "placeholder" ? found : unbound(found);
  }

  #placeholder(server: string, name: string): string {
    const mark = createHmac("sha256", this.#key).update(`${server}\0${name}`).digest("hex").slice(0, 32);
    return `caxton_secret_${name}_${mark}`;
  }

  #find(name: string, workspace = this.#workspace): Found {
    const stored = this.#stored(workspace)(name);
    try {
      const value = stored?.read() ?? this.#variables.get(name) ?? this.#file(name);
      return this.#checked(name, value, stored?.origins ?? NONE);
    } catch (error) {
      if (error instanceof CaxtonError) return { type: "missing", why: error.message };
      throw error;
    }
  }

  #checked(name: string, value: string | undefined, origins: readonly string[]): Found {
    if (value === undefined) {
      const [directory = "./secrets"] = this.#directories;
      const others = `set CAXTON_SECRET_${name}, or write it into ${join(directory, name)}`;
      return { type: "missing", why: `${others}, or store it: caxton secret set ${name} --all-workspaces` };
    }
    if (value.length >= SECRET_CHARS_MIN) {
      this.#remember(name, value);
      return { type: "found", value, origins };
    }
    return {
      type: "missing",
      why: `what is there has fewer than ${SECRET_CHARS_MIN} characters, too few to be kept secret`,
    };
  }

  #remember(name: string, value: string): void {
    const values = this.#values.get(name) ?? NONE;
    // Each workspace may have a value of its own.
    if (values.includes(value)) return;
    this.#found?.(name, value);
    this.#values.set(name, [...values, value].slice(-VALUES_MAX));
  }

  #file(name: string): string | undefined {
    const path = this.#place(name)?.path;
    try {
      // The line break that editors and `echo` put at the end is no part of it.
      return path === undefined ? undefined : readFileSync(path, "utf8").replace(/\r?\n$/, "");
    } catch {
      return undefined;
    }
  }

  #markOf(name: string): string {
    const place = this.#place(name);
    if (place === undefined) return "";
    const { dev, ino, size, mtimeNs, ctimeNs } = place.stats;
    return [place.path, dev, ino, size, mtimeNs, ctimeNs].join(" ");
  }

  /** The first file of that name. */
  #place(name: string): { readonly path: string; readonly stats: BigIntStats } | undefined {
    for (const directory of this.#directories) {
      const path = join(directory, name);
      try {
        const stats = statSync(path, { bigint: true });
        accessSync(path, constants.R_OK);
        if (stats.isFile() && stats.size <= FILE_BYTES_MAX) return { path, stats };
      } catch {
        // Not there, or not for us: the next directory.
      }
    }
    return undefined;
  }
}

/** A value that is passed on could be sent to any address, so one that is bound to origins is not. */
const unbound = (found: Found): Found =>
  found.type === "missing" || found.origins.length === 0
    ? found
    : { type: "missing", why: `it is bound to ${found.origins.join(", ")}, so its value is not passed on` };
