import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";

const ALGORITHM = "aes-256-gcm";
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** Encrypts values with a key; default: one that only this process has. */
export class Sealer {
  readonly #key: Uint8Array;

  /** `key` has 32 bytes. */
  constructor(key: Uint8Array = randomBytes(32)) {
    this.#key = key;
  }

  seal(value: object): string {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv(ALGORITHM, this.#key, iv, { authTagLength: TAG_BYTES });
    const text = [cipher.update(JSON.stringify(value), "utf8"), cipher.final()];
    return Buffer.concat([iv, ...text, cipher.getAuthTag()]).toString("base64url");
  }

  /** Returns the value; undefined for a text that was not sealed with this key. */
  open(sealed: string): unknown {
    const bytes = Buffer.from(sealed, "base64url");
    if (bytes.length < IV_BYTES + TAG_BYTES) return undefined;
    const iv = bytes.subarray(0, IV_BYTES);
    try {
      const decipher = createDecipheriv(ALGORITHM, this.#key, iv, { authTagLength: TAG_BYTES });
      decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
      const text = [decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES)), decipher.final()];
      const value: unknown = JSON.parse(Buffer.concat(text).toString("utf8"));
      return value;
    } catch {
      return undefined;
    }
  }
}
