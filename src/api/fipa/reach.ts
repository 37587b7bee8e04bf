import { lookup } from "node:dns/promises";
import { BlockList, isIP } from "node:net";

/** Who may speak to the transport and be spoken to: this machine, and addresses (also ranges, `192.0.2.0/24`) that are allowed. */
export class Reach {
  readonly #allowed = new BlockList();

  constructor(allow: readonly string[]) {
    this.#allowed.addSubnet("127.0.0.0", 8, "ipv4");
    this.#allowed.addAddress("::1", "ipv6");
    for (const entry of allow) {
      const [address = "", bits] = entry.split("/");
      const family = isIP(address) === 6 ? "ipv6" : "ipv4";
      if (bits === undefined) this.#allowed.addAddress(address, family);
      else this.#allowed.addSubnet(address, Number(bits), family);
    }
  }

  allows(address: string): boolean {
    const family = isIP(address);
    return family !== 0 && this.#allowed.check(address, family === 6 ? "ipv6" : "ipv4");
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
