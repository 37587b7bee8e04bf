/** External participants, their registrations and the capabilities they provide. */
export * from "./errors.ts";
export { HealthChecks, type Probe } from "./health-checks.ts";
export { type MessageKey, MessageKeys, type MessageKeyStore } from "./message-keys.ts";
export { ServerKeys } from "./server-keys.ts";
export type { Participant, ParticipantStore, Registration } from "./participant.ts";
export { tokenHash } from "./tokens.ts";
export { type DeployedAgent, Participants } from "./participants.ts";
