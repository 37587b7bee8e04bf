import { Ban, Check, CircleHelp, Clock3, LoaderCircle, MessagesSquare, X, type LucideIcon } from "lucide-react";
import type { RunState, Step, ToolServerDetail } from "../../../src/api/contract/index.ts";
import { text } from "../text/text.ts";
import { cx } from "./class-names.ts";

export type AnyState = RunState | Step["state"] | ToolServerDetail["state"];
type Look = { readonly icon: LucideIcon; readonly ink: string; readonly soft: string };

const GOOD = { ink: "text-good", soft: "bg-good-soft" };
const BAD = { ink: "text-bad", soft: "bg-bad-soft" };
const BUSY = { ink: "text-busy", soft: "bg-busy-soft" };
const WARN = { ink: "text-warn", soft: "bg-warn-soft" };
const IDLE = { ink: "text-idle", soft: "bg-idle-soft" };

const LOOKS: { readonly [State in AnyState]: Look } = {
  queued: { ...IDLE, icon: Clock3 },
  running: { ...BUSY, icon: LoaderCircle },
  "awaiting-approval": { ...WARN, icon: CircleHelp },
  "awaiting-choice": { ...WARN, icon: CircleHelp },
  "awaiting-input": { ...WARN, icon: CircleHelp },
  "awaiting-reply": { ...IDLE, icon: MessagesSquare },
  "needs-decision": { ...WARN, icon: CircleHelp },
  waiting: { ...WARN, icon: CircleHelp },
  completed: { ...GOOD, icon: Check },
  done: { ...GOOD, icon: Check },
  loaded: { ...GOOD, icon: Check },
  failed: { ...BAD, icon: X },
  quarantined: { ...BAD, icon: Ban },
  cancelled: { ...IDLE, icon: Ban },
  unloaded: { ...IDLE, icon: Clock3 },
  draining: { ...BUSY, icon: LoaderCircle },
  paused: { ...IDLE, icon: Ban },
  pending: { ...WARN, icon: CircleHelp },
};

type Props = {
  readonly state: AnyState;
  readonly words?: string;
  /** On a narrow screen only the icon is seen; the word is still read out. */
  readonly shrinks?: boolean;
};

/** A state by colour, icon and word: none of them alone. */
export function StatePill({ state, words, shrinks = false }: Props) {
  const { ink, soft } = LOOKS[state];
  return (
    <span
      className={cx(
        "inline-flex items-center gap-1 rounded-full py-0.5 text-xs font-medium whitespace-nowrap",
        shrinks ? "px-1.5 sm:pr-2" : "pr-2 pl-1.5",
        ink,
        soft,
      )}
    >
      <StateIcon state={state} />
      <span className={cx(shrinks && "max-sm:sr-only")}>{words ?? text.states[state]}</span>
    </span>
  );
}

export function StateIcon({ state, className }: { readonly state: AnyState; readonly className?: string }) {
  const { icon: Icon, ink } = LOOKS[state];
  return (
    <Icon
      aria-hidden
      className={cx("size-3.5 shrink-0", ink, state === "running" && "motion-safe:animate-spin", className)}
    />
  );
}
