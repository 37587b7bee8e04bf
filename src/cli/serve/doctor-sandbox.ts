import type { Config, ConfinementReport } from "../../server/index.ts";
import type { Finding } from "./doctor-machine.ts";

const FIX = "docs/sandbox.md#operating-system has what each mechanism needs";

/** How the operating system confines sandbox children, as one that `probe` starts reports it. */
export async function checkConfinement(
  { confinement, isolation }: Pick<Config["sandbox"], "confinement" | "isolation">,
  probe: () => Promise<ConfinementReport>,
): Promise<Finding> {
  const check = "sandbox";
  const weak = confinement === "required" ? "fail" : "warn";
  if (isolation === "worker") {
    const note = "tools run in worker threads of the server, which the operating system does not confine";
    return { check, state: weak, note, fix: 'set sandbox.isolation = "process" in caxton.toml' };
  }
  if (confinement === "off") {
    const note = "the operating system does not confine tools: sandbox.confinement is off";
    return { check, state: "warn", note, fix: 'set sandbox.confinement = "auto" in caxton.toml' };
  }
  const { active, missing } = await probe();
  const activeText = `active: ${["permission model", ...active].join(", ")}`;
  if (missing.length === 0) return { check, state: "ok", note: activeText, fix: "" };
  const note = `${activeText}; missing: ${missing.join("; ")}`;
  return { check, state: weak, note, fix: FIX };
}
