import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from "node:crypto";
import { join } from "node:path";
import { canonicalJson } from "../../kernel/json.ts";
import { readKeyFile } from "../../kernel/files/key-file.ts";
import type { Checkpoint, Head } from "./record.ts";

const FILE = "audit-key.pem";

const signedText = ({ seq, hash, time }: Omit<Checkpoint, "signature">): Buffer =>
  Buffer.from(canonicalJson({ seq, hash, time }));

/** The Ed25519 key that signs checkpoints: a file in the data directory that only the server's user can read. */
export class SigningKey {
  readonly #key: KeyObject;
  /** Hexadecimal. */
  readonly publicKey: string;

  private constructor(key: KeyObject) {
    this.#key = key;
    this.publicKey = Buffer.from(createPublicKey(key).export({ format: "jwk" }).x ?? "", "base64url").toString("hex");
  }

  /** Reads the key. Creates it if the file is missing. */
  static open(directory: string): SigningKey {
    const pem = readKeyFile(join(directory, FILE), () =>
      generateKeyPairSync("ed25519").privateKey.export({ format: "pem", type: "pkcs8" }),
    );
    return new SigningKey(createPrivateKey(pem));
  }

  sign({ seq, hash }: Head, atMs: number): Checkpoint {
    const checkpoint = { seq, hash, time: new Date(atMs).toISOString() };
    return { ...checkpoint, signature: sign(null, signedText(checkpoint), this.#key).toString("hex") };
  }
}

/** Returns a function that checks signatures; undefined if the text is not a public key. */
export function checkerOf(publicKey: string): ((checkpoint: Checkpoint) => boolean) | undefined {
  if (!/^[0-9a-f]{64}$/.test(publicKey)) return undefined;
  const jwk = { kty: "OKP", crv: "Ed25519", x: Buffer.from(publicKey, "hex").toString("base64url") };
  const key = createPublicKey({ key: jwk, format: "jwk" });
  return (checkpoint) =>
    /^[0-9a-f]{128}$/.test(checkpoint.signature) &&
    verify(null, signedText(checkpoint), key, Buffer.from(checkpoint.signature, "hex"));
}
