import {
  Activity,
  CircleAlert,
  CircleCheck,
  CircleHelp,
  ShieldAlert,
  ShieldCheck,
  type LucideIcon,
} from "lucide-react";
import type { ToolPublisher, ToolServerSummary } from "../../../../src/api/contract/index.ts";
import { cx } from "../../parts/class-names.ts";
import { StatePill } from "../../parts/state-pill.tsx";
import { text } from "../../text/text.ts";

/** State "running" is shown as "loaded": both are ready. */
export const shownState = (state: ToolServerSummary["state"]) => (state === "running" ? "loaded" : state);

export const ServerState = ({ state }: Pick<ToolServerSummary, "state">) => (
  <StatePill state={shownState(state)} words={text.states[state === "running" ? "loaded" : state]} />
);

const HEALTH: {
  readonly [Health in ToolServerSummary["health"]]: { readonly icon: LucideIcon; readonly ink: string };
} = {
  healthy: { icon: CircleCheck, ink: "text-good" },
  degraded: { icon: Activity, ink: "text-warn" },
  unhealthy: { icon: CircleAlert, ink: "text-bad" },
  unknown: { icon: CircleHelp, ink: "text-faint" },
};

type HealthProps = { readonly health: ToolServerSummary["health"]; readonly note?: string | undefined };

/** How a tool server is, by icon and word. */
export function HealthMark({ health, note }: HealthProps) {
  const { icon: Icon, ink } = HEALTH[health];
  return (
    <span title={note} className="inline-flex items-center gap-1 text-xs whitespace-nowrap">
      <Icon aria-hidden className={cx("size-3.5 shrink-0", ink)} />
      {text.tools.health[health]}
    </span>
  );
}

export const interfaceName = (name: string): string => text.tools.interfaces[name] ?? name;

/** Whether calls are held by the sandbox. That they are not has to be seen at once. */
export const SandboxMark = ({ sandboxed }: Pick<ToolServerSummary, "sandboxed">) =>
  sandboxed ? (
    <span className="inline-flex items-center gap-1 text-xs whitespace-nowrap text-muted">
      <ShieldCheck aria-hidden className="size-3.5 shrink-0 text-good" />
      {text.tools.sandboxed}
    </span>
  ) : (
    <span className="inline-flex items-center gap-1 rounded-full bg-warn-soft py-0.5 pr-2 pl-1.5 text-xs font-medium whitespace-nowrap text-warn">
      <ShieldAlert aria-hidden className="size-3.5 shrink-0" />
      {text.tools.unsandboxed}
    </span>
  );

/** Publisher of a tool server, as a short text. */
export function publisherName({ state, name, key_id: keyId }: ToolPublisher): string {
  const { publishers } = text.tools;
  if (state === "signed") return publishers.signed(name ?? keyId ?? "");
  return state === "unknown-key" ? publishers["unknown-key"](keyId ?? "") : publishers[state];
}

export const PublisherMark = ({ publisher }: { readonly publisher: ToolPublisher }) => (
  <span
    title={text.tools.publisherNotes[publisher.state]}
    className={cx("[overflow-wrap:anywhere]", publisher.state === "unknown-key" && "text-warn")}
  >
    {publisherName(publisher)}
  </span>
);
