import { createPrivateKey, createPublicKey, hkdfSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PRIVATE_FILE } from "../../kernel/files/private-files.ts";
import { keyIdOf, type MessageSignature } from "../acl/index.ts";

const FILE = "message-signing.seed";
const SEED_BYTES = 32;
/** Senders can be any text: above it, all are derived again. */
const PAIRS_MAX = 10_000;
/** PKCS #8 of an Ed25519 key, up to its 32 bytes. */
const PKCS8_HEAD = Buffer.from("302e020100300506032b657004220420", "hex");

type Pair = {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly text: string;
  readonly id: string;
};

/**
 * The keys with which the server signs for its agents, `user` and itself. Each is derived from one seed, workspace and name.
 * The seed is a file in the data directory that only the server's user can read, created when it is first needed.
 */
export class ServerKeys {
  readonly #file: string;
  readonly #pairs = new Map<string, Pair>();
  #seed: Buffer | undefined;

  constructor(directory: string) {
    this.#file = join(directory, FILE);
  }

  sign(workspace: string, name: string, text: string): MessageSignature {
    const { privateKey, id } = this.#pair(workspace, name);
    return { keyId: id, value: sign(null, Buffer.from(text), privateKey).toString("base64url") };
  }

  keyId(workspace: string, name: string): string {
    return this.#pair(workspace, name).id;
  }

  publicKey(workspace: string, name: string): KeyObject {
    return this.#pair(workspace, name).publicKey;
  }

  /** The 32 bytes, base64url. */
  publicText(workspace: string, name: string): string {
    return this.#pair(workspace, name).text;
  }

  #pair(workspace: string, name: string): Pair {
    const info = JSON.stringify([workspace, name]);
    const known = this.#pairs.get(info);
    if (known !== undefined) return known;
    this.#seed ??= this.#readSeed();
    const secret = Buffer.from(hkdfSync("sha256", this.#seed, "caxton-message-v1", info, SEED_BYTES));
    const der = Buffer.concat([PKCS8_HEAD, secret]);
    const privateKey = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
    const publicKey = createPublicKey(privateKey);
    const text = publicKey.export({ format: "jwk" }).x ?? "";
    const pair = { privateKey, publicKey, text, id: keyIdOf(text) };
    if (this.#pairs.size >= PAIRS_MAX) this.#pairs.clear();
    this.#pairs.set(info, pair);
    return pair;
  }

  #readSeed(): Buffer {
    if (!existsSync(this.#file))
      writeFileSync(this.#file, randomBytes(SEED_BYTES), { mode: PRIVATE_FILE, flag: "wx", flush: true });
    const seed = readFileSync(this.#file);
    if (seed.length !== SEED_BYTES) throw new Error(`${this.#file} does not contain ${SEED_BYTES} bytes`);
    return seed;
  }
}
