import type { Participant } from "../../../messaging/directory/index.ts";
import type { MessagingServices } from "../../../messaging/index.ts";
import type * as contract from "../../contract/index.ts";
import { operations } from "../../contract/index.ts";
import { cursors } from "../handles.ts";
import { pageByKey } from "../page.ts";
import { implement } from "../perform.ts";
import { requireToken } from "./presented-tokens.ts";
import { instant, instantOrNull } from "../instant.ts";

function present(
  { participants, router }: MessagingServices,
  { workspace, name, description, registeredAtMs, tokenHash, isRemote }: Participant,
): contract.Participant {
  const seenAtMs = participants.seenAtMs(workspace, name);
  const own = participants.registrations(workspace).filter(({ agent }) => agent === name);
  return {
    name,
    description,
    registered_at: instant(registeredAtMs),
    seen_at: instantOrNull(seenAtMs),
    waiting: router.records.mailbox(workspace, name).messages,
    capabilities: own.map(({ capability }) => capability),
    has_token: tokenHash !== undefined,
    is_remote: isRemote,
  };
}

const list = implement(operations.participant.list, ({ messaging }, query, { principal: { workspace } }) => {
  const { items, next } = pageByKey(
    messaging.participants.list(workspace),
    ({ name }) => name,
    query,
    cursors.participants,
  );
  return { items: items.map((each) => present(messaging, each)), next };
});

/** Throws ParticipantNotFoundError. */
const get = implement(operations.participant.get, ({ messaging }, { name }, { principal: { workspace } }) =>
  present(messaging, messaging.participants.get(workspace, name)),
);

/** Throws what `Participants.register` does. */
const register = implement(
  operations.participant.register,
  async ({ messaging }, body, { asked, principal: { workspace } }) => {
    const { name, description } = body;
    const registered = await messaging.participants.register(workspace, name, description, asked?.request);
    return { ...present(messaging, registered.participant), token: registered.token ?? null };
  },
);

/** Throws ParticipantNotFoundError, SenderRefusedError. */
const rotateToken = implement(operations.participant.rotateToken, async ({ messaging }, { name }, { principal }) => {
  requireToken(messaging, principal, name);
  const { participant, token } = await messaging.participants.rotateToken(principal.workspace, name);
  return { ...present(messaging, participant), token };
});

/** Throws ParticipantNotFoundError, SenderRefusedError. */
const revokeToken = implement(operations.participant.revokeToken, async ({ messaging }, { name }, { principal }) => {
  requireToken(messaging, principal, name);
  return present(messaging, await messaging.participants.revokeToken(principal.workspace, name));
});

/** Throws ParticipantNotFoundError, ParticipantNameTakenError. */
const remove = implement(
  operations.participant.delete,
  async ({ messaging: { participants, router, messageKeys } }, { name }, { principal: { workspace } }) => {
    const removed = participants.program(workspace, name);
    await messageKeys.revokeAll(workspace, name);
    await participants.remove(workspace, name);
    await router.removed(workspace, removed.name);
    return { name };
  },
);

export const participantOperations = [list, get, register, rotateToken, revokeToken, remove] as const;
