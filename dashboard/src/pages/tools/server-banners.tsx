import { Link } from "@tanstack/react-router";
import { CircleAlert, CircleHelp, CirclePause, ShieldAlert, type LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import type { ToolServerRecord } from "../../../../src/api/contract/index.ts";
import { buttonClass } from "../../parts/button.tsx";
import { cx } from "../../parts/class-names.ts";
import { text } from "../../text/text.ts";

/** Banners: not sandboxed, not serving, or pending acceptance. */
export function ServerBanners({ server }: { readonly server: ToolServerRecord }) {
  const { banner } = text.tools;
  const { pending, reason } = server;
  const isProcess = server.interface === "mcp-stdio";
  return (
    <div className="mb-5 space-y-2 empty:hidden">
      {server.sandboxed ? null : (
        <Banner tone="warn" icon={ShieldAlert} title={isProcess ? banner.processTitle : banner.elsewhereTitle}>
          {isProcess ? banner.process : banner.elsewhere}
        </Banner>
      )}
      {reason === "" ? null : (
        <Banner
          tone={server.state === "paused" ? "idle" : server.state === "pending" ? "warn" : "bad"}
          icon={server.state === "paused" ? CirclePause : CircleAlert}
          title={text.states[server.state === "running" ? "loaded" : server.state]}
        >
          {reason}
        </Banner>
      )}
      {pending === null ? null : (
        <Banner
          tone="warn"
          icon={CircleHelp}
          title={banner.pendingTitle(pending.revision, pending.version)}
          action={
            <Link
              to="/tools/$server"
              params={{ server: server.name }}
              search={{ tab: "versions", revision: pending.revision }}
              className={buttonClass("plain", "small")}
            >
              {banner.review}
            </Link>
          }
        >
          {banner.pendingNote(pending.changes.length)}
        </Banner>
      )}
    </div>
  );
}

const TONES = {
  warn: { frame: "border-warn/50 bg-warn-soft", ink: "text-warn" },
  bad: { frame: "border-bad/40 bg-bad-soft", ink: "text-bad" },
  idle: { frame: "border-line-strong bg-idle-soft", ink: "text-idle" },
} as const;

type Props = {
  readonly tone: keyof typeof TONES;
  readonly icon: LucideIcon;
  readonly title: string;
  readonly action?: ReactNode;
  readonly children: ReactNode;
};

function Banner({ tone, icon: Icon, title, action, children }: Props) {
  const { frame, ink } = TONES[tone];
  return (
    <section aria-label={title} className={cx("flex items-start gap-2.5 rounded-lg border px-4 py-2.5", frame)}>
      <Icon aria-hidden className={cx("mt-0.5 size-4 shrink-0", ink)} />
      <div className="min-w-0 flex-1">
        <p className="text-sm font-medium">{title}</p>
        <p className="max-w-4xl text-sm text-muted [overflow-wrap:anywhere]">{children}</p>
      </div>
      {action}
    </section>
  );
}
