/**
 * Whether a tool server may be called: one that breaks its limits repeatedly is quarantined for a while. Pure:
 * what happened comes in as events, with the time.
 */
export type QuarantineState =
  | {
      readonly state: "trusted";
      /** When it broke a limit recently, oldest first. */ readonly violationsMs: readonly number[];
    }
  | { readonly state: "quarantined"; readonly untilMs: number; readonly reason: string }
  /** Back from quarantine: one violation is enough to return there. */
  | { readonly state: "probation"; readonly untilMs: number };

export const QUARANTINE = { violations: 5, windowMs: 60_000, durationMs: 60_000, probationMs: 60_000 } as const;

export const TRUSTED: QuarantineState = { state: "trusted", violationsMs: [] };

/** A standing as it is at a later time, when nothing has happened since. */
export function stateAt(standing: QuarantineState, nowMs: number): QuarantineState {
  switch (standing.state) {
    case "trusted":
      return standing;
    case "quarantined":
      return nowMs < standing.untilMs
        ? standing
        : stateAt({ state: "probation", untilMs: standing.untilMs + QUARANTINE.probationMs }, nowMs);
    case "probation":
      return nowMs < standing.untilMs ? standing : TRUSTED;
  }
}

/** The state after a broken limit; `what` names the limit, for the reason. */
export function recordViolation(before: QuarantineState, nowMs: number, what: string): QuarantineState {
  const standing = stateAt(before, nowMs);
  const quarantined = (reason: string): QuarantineState => ({
    state: "quarantined",
    untilMs: nowMs + QUARANTINE.durationMs,
    reason,
  });
  switch (standing.state) {
    case "quarantined":
      return standing;
    case "probation":
      return quarantined(`it broke a limit again after its quarantine: ${what}`);
    case "trusted": {
      const violationsMs = [...standing.violationsMs.filter((at) => at > nowMs - QUARANTINE.windowMs), nowMs];
      if (violationsMs.length < QUARANTINE.violations) return { state: "trusted", violationsMs };
      return quarantined(
        `it broke its limits ${QUARANTINE.violations} times in ${QUARANTINE.windowMs / 1_000} s, the last time: ${what}`,
      );
    }
  }
}
