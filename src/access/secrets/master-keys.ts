import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes } from "node:crypto";
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { flushDirectory } from "../../kernel/files/flush-directory.ts";
import { PRIVATE_FILE } from "../../kernel/files/private-files.ts";
import { canonicalJson } from "../../kernel/json.ts";
import { SecretKeyFileError } from "./errors.ts";
import type { SealedSecret } from "./secret-store.ts";

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const CIPHER = "aes-256-gcm";

type Key = { readonly id: string; readonly bytes: Buffer };
/** The parts of a secret that its ciphertext authenticates. */
type Identity = Pick<SealedSecret, "workspace" | "name" | "origins">;

const keyOf = (bytes: Buffer): Key => ({
  id: createHash("sha256").update(bytes).digest("hex").slice(0, 16),
  bytes,
});

const associatedData = ({ workspace, name, origins }: Identity, keyId: string): Buffer =>
  Buffer.from(canonicalJson({ workspace, name, origins, keyId }));

/** The keys of a file, one per line in base64; the last one is current. Older ones decrypt what they encrypted. */
export class MasterKeys {
  readonly #keys: readonly Key[];

  private constructor(keys: readonly Key[]) {
    this.#keys = keys;
  }

  /** Reads a file; undefined if it does not exist. Throws SecretKeyFileError. */
  static read(file: string): MasterKeys | undefined {
    let text: string;
    try {
      text = readFileSync(file, "utf8");
    } catch (error) {
      if (codeOf(error) === "ENOENT") return undefined;
      throw new SecretKeyFileError(file, codeOf(error), { cause: error });
    }
    const keys = text
      .split("\n")
      .filter((line) => line.trim() !== "")
      .map((line) => Buffer.from(line, "base64"));
    if (keys.length === 0) throw new SecretKeyFileError(file, "it has no key");
    if (keys.some(({ length }) => length !== KEY_BYTES))
      throw new SecretKeyFileError(file, "a line is not a key of 32 bytes in base64");
    return new MasterKeys(keys.map(keyOf));
  }

  /** With a new key as the current one, or the first. */
  static withNew(before?: MasterKeys): MasterKeys {
    return new MasterKeys([...(before === undefined ? [] : before.#keys), keyOf(randomBytes(KEY_BYTES))]);
  }

  /** With the current key alone. */
  withoutOld(): MasterKeys {
    return new MasterKeys([this.#current]);
  }

  /** Replaces the file in one step; resolves when it is on disk. Only the server's user can read it. Throws SecretKeyFileError. */
  async write(file: string): Promise<void> {
    const next = `${file}.new`;
    try {
      rmSync(next, { force: true });
      const descriptor = openSync(next, "wx", PRIVATE_FILE);
      try {
        writeSync(descriptor, this.#keys.map(({ bytes }) => `${bytes.toString("base64")}\n`).join(""));
        fsyncSync(descriptor);
      } finally {
        closeSync(descriptor);
      }
      renameSync(next, file);
      await flushDirectory(dirname(file));
    } catch (error) {
      throw new SecretKeyFileError(file, `it cannot be written (${codeOf(error)})`, { cause: error });
    }
  }

  get #current(): Key {
    const key = this.#keys.at(-1);
    if (key === undefined) throw new Error("a file of master keys has at least one");
    return key;
  }

  isCurrent(keyId: string): boolean {
    return keyId === this.#current.id;
  }

  /** Encrypts a value with the current key. */
  seal(identity: Identity, value: string): Pick<SealedSecret, "keyId" | "nonce" | "ciphertext"> {
    const { id, bytes } = this.#current;
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, bytes, nonce);
    cipher.setAAD(associatedData(identity, id));
    const ciphertext = Buffer.concat([cipher.update(value, "utf8"), cipher.final(), cipher.getAuthTag()]);
    return { keyId: id, nonce, ciphertext };
  }

  /** Returns the value, or why it cannot be decrypted. */
  open(sealed: SealedSecret): { readonly value: string } | { readonly why: string } {
    const key = this.#keys.find(({ id }) => id === sealed.keyId);
    if (key === undefined) return { why: "it was encrypted with another master key" };
    try {
      const decipher = createDecipheriv(CIPHER, key.bytes, sealed.nonce, { authTagLength: TAG_BYTES });
      decipher.setAAD(associatedData(sealed, sealed.keyId));
      const bytes = Buffer.from(sealed.ciphertext);
      decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
      return { value: Buffer.concat([decipher.update(bytes.subarray(0, -TAG_BYTES)), decipher.final()]).toString() };
    } catch {
      return { why: "its row in the database was changed" };
    }
  }

  /** A text that differs for different values and does not reveal them without the key. */
  fingerprint(value: string): string {
    return createHmac("sha256", this.#current.bytes).update(value).digest("hex").slice(0, 12);
  }
}

const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error ? String(error.code) : "it cannot be opened";
