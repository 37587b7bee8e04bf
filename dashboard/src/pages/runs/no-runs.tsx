import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Play } from "lucide-react";
import { agentsQuery } from "../../api/queries.ts";
import { buttonClass } from "../../parts/button.tsx";
import { Empty } from "../../parts/empty.tsx";
import { CLI } from "../../parts/content/shell-command.ts";
import { text } from "../../text/text.ts";

/** What a list of runs says before the first. */
export function NoRuns({ agent }: { readonly agent?: string | undefined }) {
  const { data, hasNextPage } = useInfiniteQuery(agentsQuery);
  const names = data?.pages.flatMap((page) => page.items.map(({ name: each }) => each));
  if (agent !== undefined && names !== undefined && !hasNextPage && !names.includes(agent))
    return <Empty title={text.runs.unknownAgent(agent)} note={text.runs.unknownAgentNote} />;
  const name = agent ?? names?.[0];
  return (
    <Empty
      title={text.runs.empty}
      note={text.runs.emptyNote}
      command={`${CLI} run ${name ?? text.runs.someAgent} "${text.runs.someRequest}"`}
    >
      {name === undefined ? null : (
        <Link to="/agents/$name" params={{ name }} search={{ tab: "try" }} className={buttonClass("primary")}>
          <Play aria-hidden />
          {text.palette.ask(name)}
        </Link>
      )}
    </Empty>
  );
}
