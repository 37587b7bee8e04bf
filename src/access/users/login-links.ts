import { createHash, randomBytes } from "node:crypto";
import type { Clock } from "../../kernel/clock.ts";
import { LinksFullError } from "./errors.ts";
import type { LinkStore, StoredLink } from "./user-store.ts";

const LINKS_MAX = 1_000;
const PREFIX = "cax_login_";

const hashOf = (text: string): string => createHash("sha256").update(text).digest("base64url");

/** Whether a text has the form of the token of a login link. */
export const isLoginToken = (text: string): boolean => text.startsWith(PREFIX);

/**
 * One-time links that log a browser in.
 * access.users.L1. A link logs in once, until it expires. Only the hash of its token is stored.
 */
export class LoginLinks {
  readonly #store: LinkStore;
  readonly #clock: Clock;
  readonly #links: Map<string, StoredLink>;

  constructor(store: LinkStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
    this.#links = new Map(store.load().map((link) => [link.tokenHash, link]));
  }

  /** Creates a link. Only this answer has its token. Throws LinksFullError. */
  async create(wanted: Omit<StoredLink, "tokenHash">): Promise<{ readonly link: StoredLink; readonly token: string }> {
    const expired = [...this.#links.values()].filter((link) => this.#isOver(link)).map(({ tokenHash }) => tokenHash);
    await this.#delete(expired);
    if (this.#links.size >= LINKS_MAX) throw new LinksFullError(LINKS_MAX);
    const token = PREFIX + randomBytes(32).toString("base64url");
    const link = { ...wanted, tokenHash: hashOf(token) };
    await this.#store.save(link);
    this.#links.set(link.tokenHash, link);
    return { link, token };
  }

  /** The link of a token, unless it was used or has expired. */
  find(token: string): StoredLink | undefined {
    const link = this.#links.get(hashOf(token));
    return link === undefined || this.#isOver(link) ? undefined : link;
  }

  /** Uses a link. Returns whether it was unused. L1. */
  async use({ tokenHash }: Pick<StoredLink, "tokenHash">): Promise<boolean> {
    if (!this.#links.has(tokenHash)) return false;
    await this.#delete([tokenHash]);
    return true;
  }

  /** Deletes the links of a workspace. */
  deleteWorkspace(workspace: string): Promise<void> {
    const own = [...this.#links.values()].filter((link) => link.workspace === workspace);
    return this.#delete(own.map(({ tokenHash }) => tokenHash));
  }

  #isOver({ expiresAtMs }: StoredLink): boolean {
    return expiresAtMs <= this.#clock.nowMs();
  }

  async #delete(tokenHashes: readonly string[]): Promise<void> {
    if (tokenHashes.length === 0) return;
    for (const hash of tokenHashes) this.#links.delete(hash);
    await this.#store.delete(tokenHashes);
  }
}
