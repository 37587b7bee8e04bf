import { Link } from "@tanstack/react-router";
import {
  Bot,
  Brain,
  CalendarClock,
  Gauge,
  Gavel,
  House,
  KeyRound,
  ListTree,
  Mail,
  MessageCircle,
  MessagesSquare,
  ScrollText,
  Settings,
  ShieldCheck,
  Waypoints,
  Webhook,
  Wrench,
  type LucideIcon,
} from "lucide-react";
import { useQuery } from "@tanstack/react-query";
import { approvalsQuery, askingRunsQuery } from "../api/queries.ts";
import { operations } from "../../../src/api/contract/index.ts";
import { type Needs, useDenial } from "../parts/permission.ts";
import { text } from "../text/text.ts";
import { Sign, Wordmark } from "./wordmark.tsx";

const PAGES = [
  { to: "/", name: text.pages.home, icon: House, keys: "g h" },
  { to: "/agents", name: text.pages.agents, icon: Bot, keys: "g a", needs: operations.agent.list },
  { to: "/chat", name: text.pages.chat, icon: MessageCircle, keys: "g d", needs: operations.thread.list },
  { to: "/runs", name: text.pages.runs, icon: ListTree, keys: "g r", needs: operations.run.list },
  { to: "/approvals", name: text.pages.approvals, icon: ShieldCheck, keys: "g p", needs: operations.approval.list },
  { to: "/triggers", name: text.pages.triggers, icon: CalendarClock, keys: "g i", needs: operations.trigger.list },
  { to: "/messages", name: text.pages.messages, icon: Mail, keys: "g m", needs: operations.message.list },
  {
    to: "/conversations",
    name: text.pages.conversations,
    icon: MessagesSquare,
    keys: "g c",
    needs: operations.conversation.list,
  },
  { to: "/tasks", name: text.pages.tasks, icon: Gavel, keys: "g k", needs: operations.task.list },
  { to: "/graph", name: text.pages.graph, icon: Waypoints, keys: "g g", needs: operations.message.list },
  { to: "/memory", name: text.pages.memory, icon: Brain, keys: "g e", needs: operations.memory.list },
  { to: "/tools", name: text.pages.tools, icon: Wrench, keys: "g t", needs: operations.toolServer.list },
  { to: "/webhooks", name: text.pages.webhooks, icon: Webhook, keys: "g w", needs: operations.webhook.list },
  { to: "/usage", name: text.pages.usage, icon: Gauge, keys: "g u", needs: operations.budget.list },
  { to: "/access", name: text.pages.access, icon: KeyRound, keys: "g x", needs: operations.access.roles },
  { to: "/audit", name: text.pages.audit, icon: ScrollText, keys: "g l", needs: operations.audit.list },
  { to: "/settings", name: text.pages.settings, icon: Settings, keys: "g s", needs: operations.model.list },
] as const satisfies readonly { to: string; name: string; icon: LucideIcon; keys: string; needs?: Needs }[];

/** The pages that the user may read. */
export function usePages() {
  const denial = useDenial();
  return PAGES.filter((page) => denial("needs" in page ? page.needs : undefined) === undefined);
}

export function Sidebar() {
  return (
    <nav
      aria-label={text.navigation}
      className="sticky top-0 flex h-dvh w-13 shrink-0 flex-col border-r border-line bg-sunken/60 md:w-52"
    >
      <Link to="/" aria-label={text.product} className="mx-2 my-2 flex h-10 items-center gap-2.5 rounded-md px-1.5">
        <Sign className="size-6 shrink-0" />
        <Wordmark className="hidden h-3.5 md:block" />
      </Link>
      <ul className="mt-1 space-y-0.5 px-2">
        {usePages().map(({ to, name, icon: Icon, keys }) => (
          <li key={to}>
            <Link
              to={to}
              activeOptions={{ exact: to === "/", includeSearch: false }}
              activeProps={{ className: "bg-accent-soft text-accent! font-medium" }}
              title={`${name} (${keys})`}
              className="relative flex h-8 items-center gap-2.5 rounded-md px-2.5 text-muted hover:bg-hover hover:text-ink"
            >
              <Icon aria-hidden className="size-4 shrink-0" />
              <span className="max-md:sr-only">{name}</span>
              {to === "/approvals" ? <Waiting /> : null}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}

/** How much waits for a person: calls to approve, and runs in which a tool asks. On a narrow screen over the icon. */
function Waiting() {
  const open = useQuery(approvalsQuery).data?.open ?? 0;
  const asking = useQuery(askingRunsQuery).data?.items.length ?? 0;
  const count = open + asking;
  if (count === 0) return null;
  return (
    <span className="ml-auto rounded-full bg-warn-soft px-1.5 text-xs font-medium text-warn tabular-nums max-md:absolute max-md:-top-0.5 max-md:right-0 max-md:px-1 max-md:text-2xs">
      <span aria-hidden>{count > 99 ? "99+" : count}</span>
      <span className="sr-only">{text.approvals.waiting(count)}</span>
    </span>
  );
}
