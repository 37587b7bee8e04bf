import type { Clock } from "../../../kernel/clock.ts";
import type { Participant, Participants } from "../../../messaging/directory/index.ts";
import type { Router } from "../../../messaging/router/index.ts";
import type * as contract from "../../contract/index.ts";
import { operations } from "../../contract/index.ts";
import { DEFAULT_WORKSPACE } from "../default-workspace.ts";
import { pageByKey } from "../page-by-key.ts";
import { implement } from "../perform.ts";
import { instant } from "../runs/present-run.ts";
import { PresentedTokens, type PresentedTokenServices } from "./presented-tokens.ts";

export type ParticipantServices = {
  readonly participants: Participants;
  readonly router: Router;
  readonly clock: Clock;
};

function present(
  { participants, router }: ParticipantServices,
  { name, description, registeredAtMs, tokenHash }: Participant,
): contract.Participant {
  const seenAtMs = participants.seenAtMs(DEFAULT_WORKSPACE, name);
  const own = participants.registrations(DEFAULT_WORKSPACE).filter(({ agent }) => agent === name);
  return {
    name,
    description,
    registered_at: instant(registeredAtMs),
    seen_at: seenAtMs === undefined ? null : instant(seenAtMs),
    waiting: router.records.mailbox(DEFAULT_WORKSPACE, name).messages,
    capabilities: own.map(({ capability }) => capability),
    has_token: tokenHash !== undefined,
  };
}

const list = implement(operations.participant.list, (services: ParticipantServices, query) => {
  const { items, next } = pageByKey(services.participants.list(DEFAULT_WORKSPACE), ({ name }) => name, query);
  return { items: items.map((each) => present(services, each)), next };
});

/** Throws ParticipantNotFoundError. */
const get = implement(operations.participant.get, (services: ParticipantServices, { name }) =>
  present(services, services.participants.get(DEFAULT_WORKSPACE, name)),
);

/** Throws what `Participants.register` does. */
const register = implement(operations.participant.register, async (services: ParticipantServices, body, { asked }) => {
  const { name, description } = body;
  const registered = await services.participants.register(DEFAULT_WORKSPACE, name, description, asked?.request);
  return { ...present(services, registered.participant), token: registered.token ?? null };
});

/** Throws ParticipantNotFoundError, SenderRefusedError. */
const rotateToken = implement(
  operations.participant.rotateToken,
  async (services: ParticipantServices & PresentedTokenServices, { name }, { principal }) => {
    new PresentedTokens(services, ...principal.tokens).authorizeToken(name);
    const { participant, token } = await services.participants.rotateToken(DEFAULT_WORKSPACE, name);
    return { ...present(services, participant), token };
  },
);

/** Throws ParticipantNotFoundError, SenderRefusedError. */
const revokeToken = implement(
  operations.participant.revokeToken,
  async (services: ParticipantServices & PresentedTokenServices, { name }, { principal }) => {
    new PresentedTokens(services, ...principal.tokens).authorizeToken(name);
    return present(services, await services.participants.revokeToken(DEFAULT_WORKSPACE, name));
  },
);

/** Throws ParticipantNotFoundError. */
const remove = implement(
  operations.participant.delete,
  async ({ participants, router }: ParticipantServices, { name }) => {
    const removed = participants.get(DEFAULT_WORKSPACE, name);
    await participants.remove(DEFAULT_WORKSPACE, name);
    await router.removed(DEFAULT_WORKSPACE, removed.name);
    return { name };
  },
);

export const participantOperations = [list, get, register, rotateToken, revokeToken, remove] as const;
