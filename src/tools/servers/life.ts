import { ToolServerStateError } from "./errors.ts";

/**
 * The life of one tool server. `loaded`, `running` and `quarantined` take calls (the last refuses them for a while); the host knows which of them applies. `pending` is for a server that stopped because it changed: it takes no calls until an operator accepts the change.
 */
export type ToolServerLife =
  | { readonly state: "unloaded" }
  | { readonly state: "loaded" }
  | { readonly state: "running" }
  | { readonly state: "quarantined"; readonly reason: string }
  | { readonly state: "paused"; readonly reason: string }
  | { readonly state: "pending"; readonly reason: string }
  | { readonly state: "draining" }
  | { readonly state: "failed"; readonly reason: string };
export type LifeState = ToolServerLife["state"];
export type In<State extends LifeState> = Extract<ToolServerLife, { state: State }>;

/** A server that takes calls. */
export type Open = In<"loaded" | "running" | "quarantined">;

export const UNLOADED: In<"unloaded"> = { state: "unloaded" };

/** Each transition takes only the states it may start from, so that another one does not compile. */
export const load = (_from: In<"unloaded" | "pending" | "failed">): In<"loaded"> => ({ state: "loaded" });
export const fail = (_from: Exclude<ToolServerLife, In<"draining">>, reason: string): In<"failed"> => ({
  state: "failed",
  reason,
});
export const pause = (_from: Open, reason: string): In<"paused"> => ({ state: "paused", reason });
export const resume = (_from: In<"paused">): In<"loaded"> => ({ state: "loaded" });
export const stopChanged = (_from: Open | In<"paused" | "failed" | "unloaded">, reason: string): In<"pending"> => ({
  state: "pending",
  reason,
});
export const drain = (_from: Exclude<ToolServerLife, In<"unloaded" | "draining">>): In<"draining"> => ({
  state: "draining",
});
export const unload = (_from: In<"draining">): In<"unloaded"> => UNLOADED;
/** What the host says of a server that takes calls. */
export const observe = (_from: Open, seen: Open | In<"failed">): Open | In<"failed"> => seen;

export const isOpen = (life: ToolServerLife): life is Open =>
  life.state === "loaded" || life.state === "running" || life.state === "quarantined";

/** What people may ask of a tool server. */
export const ACTIONS = ["pause", "resume", "delete"] as const;
export type Action = (typeof ACTIONS)[number];

/** The life after an action. Throws ToolServerStateError when the state does not allow it. */
export function perform(name: string, life: ToolServerLife, action: Action, reason: string): ToolServerLife {
  switch (action) {
    case "pause":
      if (isOpen(life)) return pause(life, reason);
      break;
    case "resume":
      if (life.state === "paused") return resume(life);
      break;
    case "delete":
      if (life.state !== "unloaded" && life.state !== "draining") return drain(life);
  }
  throw new ToolServerStateError(name, life.state, action);
}

/** Why a server takes no calls; undefined when it does. */
export function unavailableReason(life: ToolServerLife): string | undefined {
  switch (life.state) {
    case "loaded":
    case "running":
    case "quarantined":
      return undefined;
    case "unloaded":
      return "it is not loaded";
    case "draining":
      return "it is being removed";
    case "paused":
      return life.reason === "" ? "an operator paused it" : `an operator paused it: ${life.reason}`;
    case "pending":
      return `it changed and waits to be accepted: ${life.reason}`;
    case "failed":
      return `it has failed: ${life.reason}`;
  }
}
