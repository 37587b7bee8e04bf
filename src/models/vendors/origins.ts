import type { ModelChoice } from "../port/index.ts";
import { KeyOriginRefusedError } from "./errors.ts";
import { type ModelEnvironment, type Provider, variable } from "./providers.ts";

export type OriginsDeps = {
  readonly environment: ModelEnvironment;
  readonly providers: readonly Provider[];
  /** The address the server's configuration gives a provider, references resolved. */
  readonly addressOf: (provider: Provider) => Promise<string | undefined>;
  /** Origins by the name of the key that definitions may send there, over those of its provider. */
  readonly keyOrigins: { readonly [key: string]: readonly string[] };
  /** Origins that definitions may name although their addresses are not public. */
  readonly privateOrigins: readonly string[];
};

/**
 * Addresses that a definition's calls may use, and the server's keys that they may send.
 *
 * vendors.origins.O1. A key that belongs to a provider, or for which origins are listed, goes to those origins only.
 * vendors.origins.O3. A stored secret that is bound to origins goes to those only, also if the configuration allows more for its name.
 * vendors.origins.O2. Any other key that definitions may name goes to origins of the server's configuration only.
 */
export class Origins {
  readonly #deps: OriginsDeps;

  constructor(deps: OriginsDeps) {
    this.#deps = deps;
  }

  /** Whether the operator named an origin: as a provider's address, in a variable, or in a list. */
  async isOperators(address: URL): Promise<boolean> {
    const { environment, providers, keyOrigins, privateOrigins } = this.#deps;
    const variables = Object.keys(environment).filter((name) => name.endsWith(ADDRESS));
    const stated = [
      ...Object.values(keyOrigins).flat(),
      ...privateOrigins,
      ...variables.map((name) => variable(environment, name)),
      ...(await this.#addresses(providers)),
    ];
    return stated.some((each) => originOf(each) === originOf(address.href));
  }

  /** Throws KeyOriginRefusedError when one of the named keys may not be sent to an address. */
  async check(keys: readonly string[], address: URL): Promise<void> {
    for (const key of keys) {
      const allowed = await this.#originsOf(key);
      const isAllowed = allowed.length > 0 ? allowed.includes(originOf(address.href)) : await this.isOperators(address);
      if (!isAllowed) throw refused(key, address, allowed);
    }
  }

  /** Throws KeyOriginRefusedError when a stored secret is bound to other origins. */
  checkBound(secrets: ModelChoice["boundKeys"], address: URL): void {
    for (const { name, origins } of secrets ?? [])
      if (!origins.some((each) => originOf(each) === originOf(address.href))) throw unbound(name, address, origins);
  }

  /** Origins a key belongs to; none for a key the configuration says nothing about. */
  async #originsOf(key: string): Promise<readonly (string | undefined)[]> {
    const { environment, providers, keyOrigins } = this.#deps;
    const owners = providers.filter(
      ({ keyVariables, configured }) =>
        keyVariables.includes(key) ||
        [configured?.apiKey, ...Object.values(configured?.headers ?? {})].some((text) => refersTo(text, key)),
    );
    const paired = /^(.+)_(?:API_KEY|BASE_URL)$/.exec(key)?.[1];
    const stated = [
      ...(keyOrigins[key] ?? []),
      paired === undefined ? undefined : variable(environment, `${paired}${ADDRESS}`),
      ...owners.map(({ baseUrl }) => baseUrl),
      ...(await this.#addresses(owners)),
    ];
    return [...new Set(stated.map(originOf).filter((origin) => origin !== undefined))];
  }

  async #addresses(providers: readonly Provider[]): Promise<readonly (string | undefined)[]> {
    // Invalid configuration is reported where that provider is used.
    return Promise.all(providers.map(async (provider) => this.#deps.addressOf(provider).catch(() => undefined)));
  }
}

const ADDRESS = "_BASE_URL";

/** `key` as in lists: the name of a variable, or `file:` and a path. */
const refersTo = (text: string | undefined, key: string): boolean => {
  const reference = key.startsWith("file:") ? key : `env:${key}`;
  return [`\${${reference}}`, `\${${reference}:-`].some((start) => text?.includes(start) === true);
};

/** The names of this machine are one host: definitions write either. */
function originOf(address: string | undefined): string | undefined {
  const url = address === undefined ? null : URL.parse(address);
  if (url === null) return undefined;
  if (url.hostname === "localhost" || url.hostname === "[::1]") url.hostname = "127.0.0.1";
  return url.origin;
}

const unbound = (name: string, { origin }: URL, origins: readonly string[]): KeyOriginRefusedError =>
  new KeyOriginRefusedError(
    `the stored secret ${name} may not be sent to ${origin}: it is bound to ${origins.join(", ")}`,
    `Store it again with this origin: caxton secret set ${name} --origin ${origin}.`,
    { key: name, origin },
  );

function refused(key: string, { origin }: URL, allowed: readonly (string | undefined)[]): KeyOriginRefusedError {
  const name = /^[A-Za-z0-9_-]+$/.test(key) ? key : JSON.stringify(key);
  const listed = [...allowed, origin].map((each) => `"${each}"`).join(", ");
  const belongs = allowed.length === 0 ? "no origin is listed for it" : `it belongs to ${allowed.join(", ")}`;
  return new KeyOriginRefusedError(
    `the key ${key} of this server may not be sent to ${origin}: ${belongs}`,
    `Only the operator can permit it, in caxton.toml:\n[models.key_origins]\n${name} = [${listed}]`,
    { key, origin },
  );
}
