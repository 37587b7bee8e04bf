import { Link } from "@tanstack/react-router";
import { ArrowRight } from "lucide-react";
import { buttonClass } from "../../parts/button.tsx";
import { Empty } from "../../parts/empty.tsx";
import { text } from "../../text/text.ts";
import { EntityList } from "../memory/entity-list.tsx";

const words = text.agent.memory;

/** What it keeps for itself, and the way to what it shares with others. */
export function AgentMemory({ name }: { readonly name: string }) {
  const scope = `agent-only:${name}`;
  return (
    <section aria-label={text.agent.tabs.memory} className="space-y-3">
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2 text-sm text-muted">
        <p className="flex-1">{words.note(name)}</p>
        <Link to="/memory" search={{ scope }} className="flex items-center gap-1 text-accent hover:underline">
          {words.search}
          <ArrowRight aria-hidden className="size-3.5" />
        </Link>
      </div>
      <EntityList
        scopes={[scope]}
        isFiltered={false}
        nothing={
          <Empty title={words.empty(name)} note={words.emptyNote}>
            <Link to="/memory" className={buttonClass()}>
              {words.shared}
            </Link>
          </Empty>
        }
      />
    </section>
  );
}
