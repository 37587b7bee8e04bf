/** Whether a provider takes part in capability routing. */
export const PROVIDER_STATUSES = ["active", "inactive", "unhealthy", "draining"] as const;
export type ProviderStatus = (typeof PROVIDER_STATUSES)[number];

/** A provider of a capability. */
export type Provider = {
  readonly name: string;
  readonly capability: string;
  /** As in `1.2.0`. */
  readonly version: string;
  /** 0 to 1000. */
  readonly priority: number;
  readonly status: ProviderStatus;
  /** What it says of itself, 0 idle to 1 full; undefined is for the router to estimate. */
  readonly loadScore: number | undefined;
};

/** An agent that the server runs, or an external participant that fetches messages. */
export type Presence = "agent" | "participant";

/** Who is there. Answers from memory: it is asked for each message. */
export interface Directory {
  /** Without regard to case; the answer's `name` is as it was registered. */
  find(workspace: string, name: string): { readonly name: string; readonly presence: Presence } | undefined;
  /** All participants that can receive messages. */
  names(workspace: string): Iterable<string>;
  /** The providers of it in any version and status; the same array until something changes. */
  providers(workspace: string, capability: string): readonly Provider[];
  /** All provided capabilities. */
  capabilities(workspace: string): Iterable<string>;
  /** The descriptions by its providers; read only for messages without a matching provider. */
  descriptions(workspace: string, capability: string): readonly string[];
  /** Woken after a change; a listener is quick and never throws. */
  watch(listener: () => void): Disposable;
}
