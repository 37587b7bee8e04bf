import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { CirclePause, Ellipsis, SquareTerminal, Trash2 } from "lucide-react";
import { useState } from "react";
import { operations, type AgentDetail } from "../../../../src/api/contract/index.ts";
import { agentQuery } from "../../api/queries.ts";
import { Ago } from "../../parts/format/ago.tsx";
import { Button } from "../../parts/button.tsx";
import { Chip } from "../../parts/card.tsx";
import { copyText } from "../../parts/content/copy.tsx";
import { Skeleton } from "../../parts/empty.tsx";
import { Menu } from "../../parts/menu.tsx";
import { PageHeading } from "../../parts/page-heading.tsx";
import { ProblemView } from "../../parts/problems/problem-view.tsx";
import { CLI } from "../../parts/content/shell-command.ts";
import { Tabs } from "../../parts/tabs.tsx";
import { AGENT_TABS } from "../../search/search.ts";
import { useListKeys } from "../../shell/keys.ts";
import { text } from "../../text/text.ts";
import { RunList } from "../runs/runs.tsx";
import { AgentMemory } from "./agent-memory.tsx";
import { Definition } from "./definition.tsx";
import { DeleteAgent } from "./delete-agent.tsx";
import { FileBanner } from "./file-banner.tsx";
import { PauseAgent, PausedBanner } from "./lifecycle.tsx";
import { Revisions } from "./revisions.tsx";
import { TryIt } from "./try-it.tsx";

const route = getRouteApi("/agents/$name");

export function Agent() {
  const { name } = route.useParams();
  const { data: agent, error, refetch } = useQuery(agentQuery(name));
  useListKeys();
  if (agent === undefined) {
    return (
      <>
        <PageHeading title={name} above={<Above />} />
        {error === null ? <Skeleton lines={8} /> : <ProblemView error={error} onRetry={() => void refetch()} />}
      </>
    );
  }
  return (
    <>
      <PageHeading title={agent.name} above={<Above />} note={<Facts agent={agent} />}>
        <Actions agent={agent} />
      </PageHeading>
      <PausedBanner agent={agent} />
      <FileBanner agent={agent} />
      <AgentTabs agent={agent} />
    </>
  );
}

const Above = () => (
  <nav aria-label={text.run.trail} className="mb-1 text-xs text-muted">
    <Link to="/agents" className="hover:text-ink hover:underline">
      {text.pages.agents}
    </Link>
  </nav>
);

const Facts = ({ agent }: { readonly agent: AgentDetail }) => (
  <>
    <p>{agent.description}</p>
    <div className="mt-2 flex flex-wrap items-center gap-x-3 gap-y-1.5 text-xs">
      <span>
        {text.agent.revisionOf(agent.revision, agent.newest_revision)} · {agent.version} ·{" "}
        <Ago at={agent.deployed_at} />
      </span>
      <span>{agent.model ?? text.agents.defaultModel}</span>
      {agent.capabilities.map((capability) => (
        <Chip key={capability}>{capability}</Chip>
      ))}
      {agent.tools.map((tool) => (
        <Link key={tool} to="/tools/$server" params={{ server: tool.split(".")[0] ?? tool }} className="flex">
          <Chip mono>{tool}</Chip>
        </Link>
      ))}
      {agent.agents.map((name) => (
        <Link key={name} to="/agents/$name" params={{ name }} className="flex">
          <Chip>{text.agent.delegatesTo(name)}</Chip>
        </Link>
      ))}
    </div>
  </>
);

function Actions({ agent }: { readonly agent: AgentDetail }) {
  const [open, setOpen] = useState<"delete" | "pause">();
  const close = () => setOpen(undefined);
  return (
    <>
      <Menu
        trigger={
          <Button aria-label={text.actions.more} title={text.actions.more} className="px-2">
            <Ellipsis aria-hidden />
          </Button>
        }
        items={[
          {
            label: text.agent.copyGet,
            icon: <SquareTerminal aria-hidden />,
            act: () => void copyText(`${CLI} agent get ${agent.name}`),
          },
          ...(agent.state === "paused"
            ? []
            : [
                {
                  label: text.agent.lifecycle.pause,
                  needs: operations.agent.pause,
                  icon: <CirclePause aria-hidden />,
                  act: () => setOpen("pause"),
                },
              ]),
          {
            label: text.agent.delete,
            needs: operations.agent.delete,
            icon: <Trash2 aria-hidden />,
            act: () => setOpen("delete"),
            danger: true,
          },
        ]}
      />
      {open === "delete" ? <DeleteAgent name={agent.name} file={agent.file?.path} onClose={close} /> : null}
      {open === "pause" ? <PauseAgent name={agent.name} onClose={close} /> : null}
    </>
  );
}

function AgentTabs({ agent }: { readonly agent: AgentDetail }) {
  const { tab = "try", run } = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <Tabs
      label={agent.name}
      value={tab}
      tabs={AGENT_TABS.map((value) => ({ value, label: text.agent.tabs[value] }))}
      onChange={(chosen) => void navigate({ search: { tab: chosen, run }, replace: true })}
    >
      {tab === "try" ? <TryIt key={agent.name} agent={agent} /> : null}
      {tab === "definition" ? <Definition key={agent.name} agent={agent} /> : null}
      {tab === "revisions" ? <Revisions agent={agent} /> : null}
      {tab === "memory" ? <AgentMemory name={agent.name} /> : null}
      {tab === "runs" ? <RunList filter={{ agent: agent.name }} withAgent={false} /> : null}
    </Tabs>
  );
}
