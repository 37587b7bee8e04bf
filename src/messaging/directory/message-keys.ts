import type { KeyObject } from "node:crypto";
import type { Clock } from "../../kernel/clock.ts";
import { KeyedMutex } from "../../kernel/async/keyed-mutex.ts";
import { MessageId, mint } from "../../kernel/ids.ts";
import {
  isSignedElsewhere,
  isSignedWith,
  keyIdOf,
  type Message,
  type MessageError,
  signedText,
  SIGNATURE_FAULTS,
  type SignatureFault,
  SYSTEM_SENDER,
  USER_SENDER,
  verifierOf,
} from "../acl/index.ts";
import { type Directory, failure, type Signatures } from "../router/index.ts";
import { MessageKeyNotFoundError, MessageKeysFullError, MessageKeyTakenError } from "./errors.ts";
import type { ServerKeys } from "./server-keys.ts";

/** A public key for the messages of one sender. */
export type MessageKey = {
  readonly workspace: string;
  /** A participant, or an agent of another platform as in `writer@lab`. */
  readonly owner: string;
  readonly keyId: string;
  /** The 32 bytes, base64url. */
  readonly publicKey: string;
  readonly createdAtMs: number;
  readonly revokedAtMs: number | undefined;
};

/** Where keys are stored; saving resolves when the key is on disk. */
export interface MessageKeyStore {
  load(): readonly MessageKey[];
  saveKey(key: MessageKey): Promise<void>;
}

const VALID_PER_OWNER_MAX = 20;
/** Keys of one owner, with the revoked ones, which verify stored messages. */
const KEYS_PER_OWNER_MAX = 1_000;

type Held = { readonly key: MessageKey; readonly verifier: KeyObject };
type Parts = {
  readonly store: MessageKeyStore;
  readonly server: ServerKeys;
  readonly directory: Pick<Directory, "find">;
  readonly clock: Clock;
};

const isSame = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();

/**
 * The keys of message signatures, and what they decide.
 * directory.message-keys.K1. A message with a signature is taken only if the signature is that of a valid key of its sender.
 *   Where signatures are optional, one from another platform is ignored if its key is unknown.
 * directory.message-keys.K2. Where signatures are required, every message has one: the server signs for agents, `user` and
 *   itself; messages of all other senders are refused without one.
 * directory.message-keys.K3. A revoked key never becomes valid again.
 */
export class MessageKeys implements Signatures {
  readonly #parts: Parts;
  readonly #keys = new Map<string, Held>();
  readonly #changing = new KeyedMutex();
  /** Until the policies are known, the server signs. */
  #isRequired: (workspace: string) => boolean = () => true;

  constructor(parts: Parts) {
    this.#parts = parts;
    for (const key of parts.store.load()) this.#hold(key);
  }

  /** Sets in which workspaces signatures are required. */
  enforce(isRequired: (workspace: string) => boolean): void {
    this.#isRequired = isRequired;
  }

  admit(message: Message): Message | MessageError {
    const { workspace, signature } = message;
    const isRequired = this.#isRequired(workspace);
    if (signature === undefined) return isRequired ? this.#signed(message) : message;
    // Other platforms do not know whether their keys are registered here.
    const isIgnored = !isRequired && isSignedElsewhere(message) && !this.#keys.has(idOf(workspace, signature.keyId));
    // Its id was not verified: another message may have it.
    return isIgnored ? { ...message, id: mint(MessageId), signature: undefined } : (this.#refusal(message) ?? message);
  }

  #signed(message: Message): Message | MessageError {
    const { workspace, sender } = message;
    if (!this.#isOwn(workspace, sender)) {
      return failure(
        "SIGNATURE_REQUIRED",
        `the workspace ${workspace} requires signatures, and this message has none`,
        {
          hint: "Register a key, caxton participant key create <name> --out <file>, and send with --sign-key <file>.",
          details: { sender },
        },
      );
    }
    return { ...message, signature: this.#parts.server.sign(workspace, sender.toLowerCase(), signedText(message)) };
  }

  /** Whether the server speaks for the sender. */
  #isOwn(workspace: string, sender: string): boolean {
    const name = sender.toLowerCase();
    if (name.includes("@")) return false;
    if (name === USER_SENDER || name === SYSTEM_SENDER || name.startsWith(`${SYSTEM_SENDER}.`)) return true;
    return this.#parts.directory.find(workspace, name)?.presence === "agent";
  }

  #refusal(message: Message): MessageError | undefined {
    const { workspace, sender, signature } = message;
    const key = this.#keys.get(idOf(workspace, signature?.keyId ?? ""))?.key;
    const reason = key?.revokedAtMs === undefined ? this.#fault(message) : "revoked-key";
    return reason === undefined
      ? undefined
      : failure("SIGNATURE_INVALID", `the signature is not valid: ${SIGNATURE_FAULTS[reason]}`, {
          hint: "caxton participant key list <name> shows the sender's keys.",
          details: { reason, sender, key_id: signature?.keyId ?? null },
        });
  }

  /** Returns what is wrong with a signature. A key that was revoked since still verifies messages. */
  #fault(message: Message): SignatureFault | undefined {
    const { workspace, sender, signature: { keyId } = { keyId: "" } } = message;
    const held = this.#keys.get(idOf(workspace, keyId));
    const isServers = held === undefined && this.#parts.server.keyId(workspace, sender.toLowerCase()) === keyId;
    if (held === undefined && !isServers) return "unknown-key";
    if (held !== undefined && !isSame(held.key.owner, sender)) return "foreign-key";
    const verifier = held?.verifier ?? this.#parts.server.publicKey(workspace, sender.toLowerCase());
    return isSignedWith(message, verifier) ? undefined : "wrong-signature";
  }

  /** Whether the signature is that of the message's sender. */
  isValid(message: Message): boolean {
    return this.#fault(message) === undefined;
  }

  /** The keys of one owner, oldest first. */
  list(workspace: string, owner: string): readonly MessageKey[] {
    return [...this.#keys.values()]
      .map(({ key }) => key)
      .filter((key) => key.workspace === workspace && isSame(key.owner, owner))
      .toSorted((one, other) => one.createdAtMs - other.createdAtMs);
  }

  /** The public key with which the server signs for one of its own participants; undefined for others. */
  serverKey(workspace: string, owner: string): Pick<MessageKey, "keyId" | "publicKey"> | undefined {
    if (!this.#isOwn(workspace, owner)) return undefined;
    const publicKey = this.#parts.server.publicText(workspace, owner.toLowerCase());
    return { keyId: keyIdOf(publicKey), publicKey };
  }

  /** Adding a key again changes nothing. Throws MessageKeyTakenError, MessageKeysFullError. */
  add(workspace: string, owner: string, publicKey: string): Promise<MessageKey> {
    const keyId = keyIdOf(publicKey);
    return this.#changing.run(workspace, async () => {
      const known = this.#keys.get(idOf(workspace, keyId))?.key;
      if (known !== undefined) {
        if (isSame(known.owner, owner) && known.revokedAtMs === undefined) return known;
        throw new MessageKeyTakenError(keyId);
      }
      const all = this.list(workspace, owner);
      const valid = all.filter(({ revokedAtMs }) => revokedAtMs === undefined);
      if (valid.length >= VALID_PER_OWNER_MAX) throw new MessageKeysFullError(owner, VALID_PER_OWNER_MAX, "valid");
      if (all.length >= KEYS_PER_OWNER_MAX) throw new MessageKeysFullError(owner, KEYS_PER_OWNER_MAX, "stored");
      const createdAtMs = this.#parts.clock.nowMs();
      return this.#put({ workspace, owner, keyId, publicKey, createdAtMs, revokedAtMs: undefined });
    });
  }

  /** Resolves when no message with the key is accepted any more. Throws MessageKeyNotFoundError. */
  revoke(workspace: string, owner: string, keyId: string): Promise<MessageKey> {
    return this.#changing.run(workspace, async () => {
      const found = this.#keys.get(idOf(workspace, keyId))?.key;
      if (found === undefined || !isSame(found.owner, owner)) throw new MessageKeyNotFoundError(owner, keyId);
      return found.revokedAtMs === undefined ? this.#put({ ...found, revokedAtMs: this.#parts.clock.nowMs() }) : found;
    });
  }

  /** The name is free for another program, which must not sign with these keys. */
  async revokeAll(workspace: string, owner: string): Promise<void> {
    for (const { keyId } of this.list(workspace, owner)) await this.revoke(workspace, owner, keyId);
  }

  /** Forgets the keys of a workspace that is being deleted; the store deletes its rows. */
  deleteWorkspace(workspace: string): void {
    for (const [id, { key }] of this.#keys) if (key.workspace === workspace) this.#keys.delete(id);
  }

  async #put(key: MessageKey): Promise<MessageKey> {
    await this.#parts.store.saveKey(key);
    this.#hold(key);
    return key;
  }

  #hold(key: MessageKey): void {
    this.#keys.set(idOf(key.workspace, key.keyId), { key, verifier: verifierOf(key.publicKey) });
  }
}

const idOf = (workspace: string, keyId: string): string => `${workspace}/${keyId}`;
