/** Who takes part in conversations from outside, and what everybody says they can do. */
export * from "./errors.ts";
export { HealthChecks, type Probe } from "./health-checks.ts";
export type { Participant, ParticipantStore, Registration, RegistrationChange } from "./participant.ts";
export { tokenHash } from "./tokens.ts";
export { type DeployedAgent, Participants } from "./participants.ts";
