import {
  createHash,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  type X509Certificate,
} from "node:crypto";
import { isIP, isIPv4 } from "node:net";

/** A certificate with its key; PEM. */
export type Issued = { readonly certificate: string; readonly privateKey: string };

export type Subject = {
  readonly name: string;
  readonly usage: "authority" | "server" | "client";
  /** Names and addresses for which a server's certificate is valid. */
  readonly hosts: readonly string[];
  readonly validFromMs: number;
  readonly expiresAtMs: number;
};

export type Authority = { readonly certificate: X509Certificate; readonly privateKey: KeyObject };

/**
 * Creates a certificate for a key, or for a new one on P-256, signed by the authority or, without one, with its own key
 * (RFC 5280).
 */
export function issueCertificate(
  subject: Subject,
  authority?: Authority,
  privateKey = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey,
): Issued {
  const publicKey = createPublicKey(privateKey);
  const issuerName = authority === undefined ? subject.name : commonName(authority.certificate);
  const issuerKey = authority === undefined ? publicKey : authority.certificate.publicKey;
  // Positive, and not shorter than its encoding allows.
  const serial = Buffer.concat([Buffer.from([0x40]), randomBytes(15)]);
  const signed = sequence(
    der(0xa0, integer(Buffer.from([2]))),
    integer(serial),
    sequence(oid(ECDSA_SHA256)),
    distinguishedName(issuerName),
    sequence(time(subject.validFromMs), time(subject.expiresAtMs)),
    distinguishedName(subject.name),
    spki(publicKey),
    der(0xa3, sequence(...extensions(subject, keyId(publicKey), keyId(issuerKey)))),
  );
  const signature = sign("sha256", signed, authority?.privateKey ?? privateKey);
  const certificate = sequence(signed, sequence(oid(ECDSA_SHA256)), bits(0, signature));
  return {
    certificate: `-----BEGIN CERTIFICATE-----\n${lines(certificate)}\n-----END CERTIFICATE-----\n`,
    privateKey: privateKey.export({ type: "pkcs8", format: "pem" }),
  };
}

/** The common name of a certificate's subject. */
export const commonName = ({ subject }: X509Certificate): string => /^CN=(.*)$/m.exec(subject)?.[1] ?? "";

export const CLIENT_AUTHENTICATION = "1.3.6.1.5.5.7.3.2";
const SERVER_AUTHENTICATION = "1.3.6.1.5.5.7.3.1";
const ECDSA_SHA256 = "1.2.840.10045.4.3.2";
const COMMON_NAME = "2.5.4.3";

function extensions({ usage, hosts }: Subject, subjectKey: Buffer, authorityKey: Buffer): readonly Buffer[] {
  const keys = [extension("2.5.29.14", octets(subjectKey)), extension("2.5.29.35", sequence(der(0x80, authorityKey)))];
  if (usage === "authority")
    return [
      ...keys,
      critical("2.5.29.19", sequence(der(0x01, Buffer.from([0xff])), integer(Buffer.from([0])))),
      // keyCertSign and cRLSign
      critical("2.5.29.15", bits(1, Buffer.from([0x06]))),
    ];
  const names = hosts.map((host) => (isIP(host) === 0 ? der(0x82, Buffer.from(host)) : der(0x87, addressBytes(host))));
  return [
    ...keys,
    critical("2.5.29.19", sequence()),
    // digitalSignature
    critical("2.5.29.15", bits(7, Buffer.from([0x80]))),
    extension("2.5.29.37", sequence(oid(usage === "client" ? CLIENT_AUTHENTICATION : SERVER_AUTHENTICATION))),
    ...(names.length === 0 ? [] : [extension("2.5.29.17", sequence(...names))]),
  ];
}

const extension = (id: string, value: Buffer): Buffer => sequence(oid(id), octets(value));
const critical = (id: string, value: Buffer): Buffer =>
  sequence(oid(id), der(0x01, Buffer.from([0xff])), octets(value));

const spki = (key: KeyObject): Buffer => key.export({ type: "spki", format: "der" });
const keyId = (key: KeyObject): Buffer => createHash("sha256").update(spki(key)).digest().subarray(0, 20);

const words = (text: string): number[] => (text === "" ? [] : text.split(":").map((word) => Number.parseInt(word, 16)));

function addressBytes(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split(".").map(Number));
  const [head = "", tail = ""] = new URL(`http://[${address}]`).hostname.slice(1, -1).split("::");
  const [first, last] = [words(head), words(tail)];
  const all = [...first, ...Array<number>(8 - first.length - last.length).fill(0), ...last];
  return Buffer.from(all.flatMap((word) => [word >> 8, word & 0xff]));
}

/** One value in DER: its tag, its length and its content. */
function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

const sequence = (...parts: readonly Buffer[]): Buffer => der(0x30, ...parts);
const integer = (bytes: Buffer): Buffer => der(0x02, bytes);
const octets = (bytes: Buffer): Buffer => der(0x04, bytes);
const bits = (unused: number, bytes: Buffer): Buffer => der(0x03, Buffer.from([unused]), bytes);
const distinguishedName = (name: string): Buffer =>
  sequence(der(0x31, sequence(oid(COMMON_NAME), der(0x0c, Buffer.from(name)))));

function base128(value: number): number[] {
  const digits = [value & 0x7f];
  for (let left = value >> 7; left > 0; left >>= 7) digits.unshift((left & 0x7f) | 0x80);
  return digits;
}

function oid(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split(".").map(Number);
  return der(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

/** A time to the second: with two digits of the year until 2049. */
function time(ms: number): Buffer {
  const text = `${new Date(ms).toISOString().slice(0, 19).replaceAll(/[-:T]/g, "")}Z`;
  return text < "2050" ? der(0x17, Buffer.from(text.slice(2))) : der(0x18, Buffer.from(text));
}

const lines = (bytes: Buffer): string => (bytes.toString("base64").match(/.{1,64}/g) ?? []).join("\n");
