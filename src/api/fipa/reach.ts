import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { addressMatcher } from "../../kernel/addresses.ts";

/** Who may speak to the transport and be spoken to: this machine, and addresses (also ranges, `192.0.2.0/24`) that are allowed. */
export class Reach {
  /** Whether an address may speak to the transport and be spoken to. */
  readonly allows: (address: string) => boolean;

  constructor(allow: readonly string[]) {
    this.allows = addressMatcher(["127.0.0.0/8", "::1", ...allow]);
  }

  /** An allowed address that the host of `url` has, to connect to that and no other; undefined when it has none. */
  async resolve(url: URL): Promise<string | undefined> {
    const host = url.hostname.replaceAll(/^\[|\]$/g, "");
    if (url.protocol !== "http:" && url.protocol !== "https:") return undefined;
    if (isIP(host) !== 0) return this.allows(host) ? host : undefined;
    const found = await lookup(host, { all: true }).catch(() => []);
    return found.map(({ address }) => address).find((address) => this.allows(address));
  }
}
