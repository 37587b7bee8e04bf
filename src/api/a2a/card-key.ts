import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { join } from "node:path";
import { AgentCard, generateAgentCardSignature } from "@a2a-js/sdk";
import { readKeyFile } from "../../kernel/files/key-file.ts";
import { canonicalJson } from "../../kernel/json.ts";
import { KEYS_PATH } from "./card.ts";

const FILE = "card-key.pem";
const ALGORITHM = "ES256";

export type PublicKey = {
  readonly kty: "EC";
  readonly crv: "P-256";
  readonly x: string;
  readonly y: string;
  readonly kid: string;
  readonly alg: typeof ALGORITHM;
  readonly use: "sig";
};

/** The key that signs cards: a file in the data directory, which is created with the first card. */
export class CardKey {
  readonly #key: KeyObject;
  readonly publicKey: PublicKey;

  private constructor(key: KeyObject) {
    this.#key = key;
    const { x = "", y = "" } = createPublicKey(key).export({ format: "jwk" });
    const required = { crv: "P-256", kty: "EC", x, y } as const;
    // The thumbprint of RFC 7638.
    const kid = createHash("sha256").update(canonicalJson(required)).digest("base64url");
    this.publicKey = { ...required, kid, alg: ALGORITHM, use: "sig" };
  }

  static open(directory: string): CardKey {
    const pem = readKeyFile(join(directory, FILE), () =>
      generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ format: "pem", type: "pkcs8" }),
    );
    return new CardKey(createPrivateKey(pem));
  }

  /** Signs a card. `base`: where clients reach the server, and find the public key. */
  async sign(card: AgentCard, base: string): Promise<AgentCard> {
    const { kid } = this.publicKey;
    const sign = generateAgentCardSignature(this.#key, { alg: ALGORITHM, typ: "JOSE", kid, jku: base + KEYS_PATH });
    // The canonical form is that of the card's JSON.
    const { signatures } = await sign(Object.assign(Object(AgentCard.toJSON(card))));
    return { ...card, signatures: signatures.map((each) => ({ ...each, header: undefined })) };
  }
}
