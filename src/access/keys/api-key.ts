import { hash, randomBytes } from "node:crypto";
import { crc32 } from "node:zlib";

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const ID_CHARS = 12;
const SECRET_CHARS = 43;
const CHECK_CHARS = 6;
const KEY = new RegExp(`^cax_([0-9A-Za-z]{${ID_CHARS}})_([0-9A-Za-z]{${SECRET_CHARS}})_([0-9A-Za-z]{${CHECK_CHARS}})$`);

/** Base 62 with leading zeros. */
function base62(bytes: Uint8Array, chars: number): string {
  let value = BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
  let text = "";
  while (text.length < chars) {
    text = (ALPHABET[Number(value % 62n)] ?? "") + text;
    value /= 62n;
  }
  return text;
}

/** Without big integers, which `base62` needs: each request computes one. */
function checkOf(text: string): string {
  let value = crc32(text);
  let check = "";
  for (let digit = 0; digit < CHECK_CHARS; digit += 1) {
    check = (ALPHABET[value % 62] ?? "") + check;
    value = Math.floor(value / 62);
  }
  return check;
}

const hashOf = (secret: string): string => hash("sha256", secret, "base64url");

/** The id of a new key. */
export const mintKeyId = (): string => base62(randomBytes(10), ID_CHARS);

/**
 * A new key `cax_<id>_<secret>_<checksum>`: the secret has 256 random bits in base 62, the checksum is the CRC-32 of what is before
 * it, by which scanners for leaked secrets recognize keys. Only the hash is stored: 256 random bits need no slow hash.
 */
export function mintKey(id: string): { readonly key: string; readonly secretHash: string } {
  const secret = base62(randomBytes(32), SECRET_CHARS);
  const body = `cax_${id}_${secret}`;
  return { key: `${body}_${checkOf(body)}`, secretHash: hashOf(secret) };
}

/** The parts of a key; undefined if the text is not a key. */
export function readKey(text: string): { readonly id: string; readonly secretHash: string } | undefined {
  const [, id, secret, check] = KEY.exec(text) ?? [];
  if (id === undefined || secret === undefined || checkOf(`cax_${id}_${secret}`) !== check) return undefined;
  return { id, secretHash: hashOf(secret) };
}
