import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from "node:crypto";
import { ToolKeyInvalidError } from "./errors.ts";

/**
 * Signatures of tool servers: Ed25519 over what a module and its manifest are, in a text beside the module that people
 * can read. The signed bytes are the text's first four lines, so that a signature of something else never fits.
 */
const HEAD = "caxton-signature-1";
const PUBLIC_PREFIX = "ed25519:";
const RAW_KEY_BYTES = 32;
/** The fixed head of an Ed25519 public key in DER (RFC 8410), before its 32 bytes. */
const SPKI_HEAD = Buffer.from("302a300506032b6570032100", "hex");
const KEY_ID_CHARS = 16;

/** A trusted public key, with its display name. */
export type TrustedKey = { readonly name: string; readonly key: string };

/** What a signature is about. Hashes are sha256, hexadecimal. */
export type SignedDigest = { readonly moduleHash: string; readonly manifestHash: string };

export type SignatureCheck =
  | { readonly type: "trusted"; readonly name: string; readonly keyId: string }
  /** Intact, by an untrusted key. */
  | { readonly type: "unknown-key"; readonly keyId: string }
  | { readonly type: "unsigned" }
  | { readonly type: "wrong"; readonly reason: string };

/** A new pair of keys: the private one as PEM (PKCS #8), the public one as `ed25519:` and base64. */
export function generateSigningKey(): {
  readonly privateKey: string;
  readonly publicKey: string;
  readonly keyId: string;
} {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const raw = rawOf(publicKey);
  return {
    privateKey: privateKey.export({ type: "pkcs8", format: "pem" }),
    publicKey: PUBLIC_PREFIX + raw.toString("base64"),
    keyId: idOf(raw),
  };
}

/** The text of a `module.wasm.sig`. Throws ToolKeyInvalidError. */
export function signModule(signed: SignedDigest, privateKeyPem: string): string {
  const key = privateKeyOf(privateKeyPem);
  const raw = rawOf(createPublicKey(key));
  const head = signedText(signed, raw);
  return `${head}signature ${sign(null, Buffer.from(head), key).toString("base64")}\n`;
}

/**
 * Checks a signature's text. The text names its key; `trusted` lists the trusted keys.
 * Throws ToolKeyInvalidError for an invalid trusted key.
 */
export function checkSignature(
  text: string | undefined,
  signed: SignedDigest,
  trusted: readonly TrustedKey[],
): SignatureCheck {
  if (text === undefined) return { type: "unsigned" };
  const lines = FORM.exec(text.replaceAll("\r\n", "\n"));
  if (lines === null) return notOurs;
  const [, keyText = "", moduleHash, manifestHash, signature = ""] = lines;
  if (moduleHash !== signed.moduleHash) return { type: "wrong", reason: "it signs another module" };
  if (manifestHash !== signed.manifestHash) return { type: "wrong", reason: "it signs another manifest" };
  const raw = readBase64(keyText);
  const bytes = readBase64(signature);
  if (raw === undefined || bytes === undefined) return notOurs;
  const isGood = verify(null, Buffer.from(signedText(signed, raw)), publicKeyOf(raw), bytes);
  if (!isGood) return { type: "wrong", reason: "it was not made with the key it names" };
  const known = trusted.find(({ key }) => rawKey(key).equals(raw));
  const keyId = idOf(raw);
  return known === undefined ? { type: "unknown-key", keyId } : { type: "trusted", name: known.name, keyId };
}

const FORM =
  /^caxton-signature-1\nkey ed25519:(\S{44})\nmodule sha256:([0-9a-f]{64})\nmanifest sha256:([0-9a-f]{64})\nsignature (\S{88})\n?$/;
const notOurs: SignatureCheck = { type: "wrong", reason: "its text is not a signature of this form" };

/** Undefined for what is not exactly how these bytes are written: there is one text for one signature. */
function readBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64") === text ? bytes : undefined;
}

/** The id of a public key, 16 hexadecimal digits. Throws ToolKeyInvalidError. */
export const keyIdOf = (publicKey: string): string => idOf(rawKey(publicKey));

const signedText = ({ moduleHash, manifestHash }: SignedDigest, raw: Buffer): string =>
  `${HEAD}\nkey ${PUBLIC_PREFIX}${raw.toString("base64")}\nmodule sha256:${moduleHash}\nmanifest sha256:${manifestHash}\n`;

const idOf = (raw: Buffer): string => createHash("sha256").update(raw).digest("hex").slice(0, KEY_ID_CHARS);

const rawOf = (key: KeyObject): Buffer => key.export({ type: "spki", format: "der" }).subarray(SPKI_HEAD.length);

function rawKey(text: string): Buffer {
  const raw = text.startsWith(PUBLIC_PREFIX) ? readBase64(text.slice(PUBLIC_PREFIX.length)) : undefined;
  if (raw?.length === RAW_KEY_BYTES) return raw;
  throw new ToolKeyInvalidError(
    "a public key has to be ed25519: and 32 bytes in base64",
    "`caxton tool keygen` prints one in this form.",
    {},
  );
}

const publicKeyOf = (raw: Buffer): KeyObject =>
  createPublicKey({ key: Buffer.concat([SPKI_HEAD, raw]), format: "der", type: "spki" });

function privateKeyOf(pem: string): KeyObject {
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType === "ed25519") return key;
  } catch {
    // The same words for what is no key and for another kind of key.
  }
  throw new ToolKeyInvalidError(
    "this is not an Ed25519 private key in PEM",
    "Make one with `caxton tool keygen <name>`; it writes <name>.key.",
    {},
  );
}
