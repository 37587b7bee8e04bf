import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";

export type Wire = Readonly<Record<string, unknown>>;

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

/** RFC 8785 as docs/guides/messages.md describes it. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return `{${members.map(([key, each]) => `${JSON.stringify(key)}:${canonical(each)}`).join(",")}}`;
}

/** The text that a signature of the message covers. */
export function textOf({ content, ...stated }: Wire): string {
  const digest =
    typeof content === "string"
      ? { type: "text", sha256: sha256(content) }
      : { type: "json", sha256: sha256(canonical(content)) };
  return `caxton-message-v1\n${canonical({ ...stated, content: digest })}`;
}

/** A program that signs its messages, written apart from the sources. */
export class Signer {
  readonly #key: KeyObject;
  readonly publicKey: string;
  readonly keyId: string;
  constructor(key = generateKeyPairSync("ed25519").privateKey) {
    this.#key = key;
    this.publicKey = createPublicKey(key).export({ format: "jwk" }).x ?? "";
    this.keyId = createHash("sha256")
      .update(`{"crv":"Ed25519","kty":"OKP","x":"${this.publicKey}"}`)
      .digest("base64url");
  }

  sign(message: Wire): Wire {
    const value = sign(null, Buffer.from(textOf(message)), this.#key).toString("base64url");
    return { ...message, signature: value, key_id: this.keyId };
  }
}
