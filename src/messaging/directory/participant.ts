import type { JsonObject } from "../../kernel/json.ts";
import type { ProviderStatus } from "../router/index.ts";

/** A program outside of the server that takes part in conversations. */
export type Participant = {
  readonly workspace: string;
  /** As `PARTICIPANT_NAME` says; unique without regard to case, also among agents. */
  readonly name: string;
  readonly description: string;
  readonly registeredAtMs: number;
  /** Digest of the participant's token; undefined while it has none. */
  readonly tokenHash: string | undefined;
  /** The idempotent request that made the token; undefined where the request cannot be repeated. */
  readonly tokenRequest: string | undefined;
  /** Whether it is an agent of another system, for which the server sends and receives. */
  readonly isRemote: boolean;
};

/** A registration of a capability by its provider. */
export type Registration = {
  /** A UUID. */
  readonly id: string;
  readonly workspace: string;
  /** A participant or a deployed agent. */
  readonly agent: string;
  readonly capability: string;
  readonly version: string;
  /** 0 to 1000. */
  readonly priority: number;
  /** `unhealthy` only by a health check. */
  readonly status: ProviderStatus;
  /** 0 idle to 1 full, when it says so. */
  readonly loadScore: number | undefined;
  readonly healthCheckUrl: string | undefined;
  readonly metadata: JsonObject;
  readonly registeredAtMs: number;
};

/** What can be changed of a registration; what is absent stays. */
export type RegistrationChange = {
  readonly version?: string | undefined;
  readonly priority?: number | undefined;
  readonly status?: Exclude<ProviderStatus, "unhealthy"> | undefined;
  readonly loadScore?: number | undefined;
  /** null removes the check. */
  readonly healthCheckUrl?: string | null | undefined;
  readonly metadata?: JsonObject | undefined;
};

/** Where participants and registrations are kept; every method is one transaction, and all may reject with storage errors. */
export interface ParticipantStore {
  load(): { readonly participants: readonly Participant[]; readonly registrations: readonly Registration[] };
  /** Adds it, or puts it in the place of the one of the same name. */
  saveParticipant(participant: Participant): Promise<void>;
  /** With all of its registrations. */
  deleteParticipant(workspace: string, name: string): Promise<void>;
  saveRegistration(registration: Registration): Promise<void>;
  deleteRegistration(id: string): Promise<void>;
}
