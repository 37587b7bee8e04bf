import type { Principal } from "../../../access/index.ts";
import type { MessageKey } from "../../../messaging/directory/index.ts";
import type { MessagingServices } from "../../../messaging/index.ts";
import type * as contract from "../../contract/index.ts";
import { operations } from "../../contract/index.ts";
import { instant, instantOrNull } from "../instant.ts";
import { implement } from "../perform.ts";
import { requireToken } from "./presented-tokens.ts";

const present = ({ owner, keyId, publicKey, createdAtMs, revokedAtMs }: MessageKey): contract.MessageKey => ({
  owner,
  key_id: keyId,
  public_key: publicKey,
  created_at: instant(createdAtMs),
  revoked_at: instantOrNull(revokedAtMs),
});

/** Throws ParticipantNotFoundError. */
const list = implement(operations.messageKey.list, ({ messaging }, { name }, { principal: { workspace } }) => {
  const { messageKeys, participants } = messaging;
  const own = messageKeys.serverKey(workspace, name);
  if (own !== undefined) {
    const server = { owner: name, key_id: own.keyId, public_key: own.publicKey, created_at: null, revoked_at: null };
    return { items: [server] };
  }
  const keys = messageKeys.list(workspace, name);
  if (keys.length === 0 && !name.includes("@")) participants.get(workspace, name);
  return { items: keys.map(present) };
});

/** Agents of other platforms are not registered. Throws ParticipantNotFoundError, SenderRefusedError. */
function requireHolder(messaging: MessagingServices, principal: Principal, name: string): void {
  if (principal.kind === "participant" || !name.includes("@")) requireToken(messaging, principal, name);
}

/** Throws ParticipantNotFoundError, SenderRefusedError, MessageKeyTakenError, MessageKeysFullError. */
const add = implement(operations.messageKey.add, async ({ messaging }, { name, public_key: key }, { principal }) => {
  requireHolder(messaging, principal, name);
  return present(await messaging.messageKeys.add(principal.workspace, name, key));
});

/** Throws ParticipantNotFoundError, SenderRefusedError, MessageKeyNotFoundError. */
const revoke = implement(operations.messageKey.revoke, async ({ messaging }, { name, key_id: id }, { principal }) => {
  requireHolder(messaging, principal, name);
  return present(await messaging.messageKeys.revoke(principal.workspace, name, id));
});

export const messageKeyOperations = [list, add, revoke] as const;
