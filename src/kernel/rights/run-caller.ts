import * as z from "zod";
import { fitsGlob, parseGlob } from "../glob.ts";

/** Permissions that a run uses. A caller that lacks one limits its runs. */
export const RUN_RIGHTS = [
  "memory:read",
  "memory:write",
  "messages:send",
  "subscriptions:write",
  "tasks:execute",
  "runs:execute",
] as const;
export type RunRight = (typeof RUN_RIGHTS)[number];

/**
 * The caller on whose behalf a run acts, with the permissions that it lacks. It accompanies the messages and tasks of the run,
 * so that the runs they start act for it and are limited too.
 */
export const RunCaller = z.object({
  /** Id of the principal. */
  id: z.string(),
  kind: z.string(),
  name: z.string(),
  role: z.string(),
  lacks: z.array(z.enum(RUN_RIGHTS)).readonly(),
  /** Globs of the agents that a caller without `runs:execute` may run all the same; absent for none. */
  agents: z.array(z.string()).readonly().optional(),
});
export type RunCaller = z.infer<typeof RunCaller>;

/** An act that a run was refused because its caller lacks a permission. */
export type RunRefusal = {
  readonly caller: RunCaller;
  readonly agent: string | undefined;
  readonly workspace: string;
  readonly session: string;
  /** The tool, or what a guest asked for. */
  readonly operation: string;
  readonly right: RunRight;
};

export const hasRight = (caller: RunCaller | undefined, right: RunRight): boolean =>
  caller?.lacks.includes(right) !== true;

/** Whether the caller of a run may run an agent, by its name. */
export const mayRun = (caller: RunCaller | undefined, agent: string): boolean =>
  hasRight(caller, "runs:execute") ||
  caller?.agents?.some((glob) => fitsGlob(parseGlob(glob.toLowerCase()), agent.toLowerCase())) === true;

/** Whether a sender lacks a right that the caller of a run has, so that the run would lend it the right. */
export function isLess(sender: RunCaller | undefined, caller: RunCaller | undefined): boolean {
  if (sender === undefined) return false;
  if (sender.lacks.some((right) => hasRight(caller, right))) return true;
  return !hasRight(sender, "runs:execute") && (caller?.agents ?? []).some((glob) => !sender.agents?.includes(glob));
}

/** The caller of a run that `newer` makes from a run of `older`: it lacks what either lacks. */
export function intersection(older: RunCaller | undefined, newer: RunCaller | undefined): RunCaller | undefined {
  if (older === undefined || newer === undefined) return newer ?? older;
  const lacks = RUN_RIGHTS.filter((right) => !hasRight(older, right) || !hasRight(newer, right));
  const limited = [older, newer].filter((caller) => !hasRight(caller, "runs:execute"));
  const [agents = [], others = agents] = limited.map((caller) => caller.agents ?? []);
  const both = agents.filter((glob) => others.includes(glob));
  const { agents: _agents, ...rest } = newer;
  return { ...rest, lacks, ...(both.length > 0 && { agents: both }) };
}

/** Why a run may not act, for its model. */
export const refusalText = ({ kind, name, role }: RunCaller, right: RunRight): string =>
  `the call is made on behalf of the ${kind} ${name} with the role ${role}, which lacks the permission ${right} [PERMISSION_DENIED]`;
