import { createHmac, randomBytes } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { GrantedSecret } from "../backends/network/index.ts";
import { type Confidential, SECRET_CHARS_MIN } from "../sandbox/index.ts";
import type { Grants } from "../tools/index.ts";

export type VaultOptions = {
  /** Looked through in their order for a file with the secret's name. */
  readonly directories: readonly string[];
  /** From `CAXTON_SECRET_<NAME>`; they go before files. */
  readonly variables: { readonly [name: string]: string };
};

type Found = { readonly type: "found"; readonly value: string } | { readonly type: "missing"; readonly why: string };

const FILE_BYTES_MAX = 64 * 1024;

/**
 * Secrets of tools, by name. A file is read each time, so that one that is changed holds from the next request on.
 * What stands for a secret in a guest is made anew at each start of the server, for each tool server another.
 */
export class SecretVault {
  readonly #directories: readonly string[];
  readonly #variables: ReadonlyMap<string, string>;
  readonly #key = randomBytes(32);

  constructor({ directories, variables }: VaultOptions) {
    this.#directories = directories;
    this.#variables = new Map(Object.entries(variables));
  }

  /** What HTTP may send for a tool server; without those that the guest has itself. */
  granted(server: string, grants: Grants): readonly GrantedSecret[] {
    return grants.secrets
      .filter(({ as }) => as === "placeholder")
      .map((grant) => {
        const found = this.#find(grant.name);
        const placeholder = this.#placeholder(server, grant.name);
        return found.type === "found"
          ? { grant, placeholder, value: found.value, hint: "" }
          : { grant, placeholder, value: undefined, hint: found.why };
      });
  }

  /** What the guest finds in variables of the secrets' names. */
  variables(server: string, grants: Grants): readonly { readonly name: string; readonly value: string }[] {
    return grants.secrets.flatMap(({ name, as }) => {
      if (as === "placeholder") return [{ name, value: this.#placeholder(server, name) }];
      const found = this.#find(name);
      return found.type === "found" ? [{ name, value: found.value }] : [];
    });
  }

  /** The values of what is granted, which must not be seen. */
  confidential(grants: Grants): readonly Confidential[] {
    return grants.secrets.flatMap(({ name }) => {
      const found = this.#find(name);
      return found.type === "found" ? [{ name, value: found.value }] : [];
    });
  }

  /** Granted secrets that are not there, and what to do about each. */
  missing(grants: Grants): readonly { readonly name: string; readonly why: string }[] {
    return grants.secrets.flatMap(({ name }) => {
      const found = this.#find(name);
      return found.type === "missing" ? [{ name, why: found.why }] : [];
    });
  }

  #placeholder(server: string, name: string): string {
    const mark = createHmac("sha256", this.#key).update(`${server}\0${name}`).digest("hex").slice(0, 32);
    return `caxton_secret_${name}_${mark}`;
  }

  #find(name: string): Found {
    const value = this.#variables.get(name) ?? this.#file(name);
    if (value === undefined) {
      const [directory = "./secrets"] = this.#directories;
      return { type: "missing", why: `set CAXTON_SECRET_${name}, or write it into ${join(directory, name)}` };
    }
    if (value.length >= SECRET_CHARS_MIN) return { type: "found", value };
    return {
      type: "missing",
      why: `what is there has fewer than ${SECRET_CHARS_MIN} characters, too few to be kept secret`,
    };
  }

  #file(name: string): string | undefined {
    for (const directory of this.#directories) {
      const path = join(directory, name);
      try {
        const stats = statSync(path);
        // The line break that editors and `echo` put at the end is no part of it.
        if (stats.isFile() && stats.size <= FILE_BYTES_MAX) return readFileSync(path, "utf8").replace(/\r?\n$/, "");
      } catch {
        // Not there, or not for us: the next directory.
      }
    }
    return undefined;
  }
}
