import { getRouteApi } from "@tanstack/react-router";
import { X } from "lucide-react";
import type { ToolServerSummary } from "../../../../src/api/contract/index.ts";
import { Button } from "../../parts/button.tsx";
import { Choices } from "../../parts/forms/choices.tsx";
import { Input, Select } from "../../parts/forms/field.tsx";
import { StateIcon } from "../../parts/state-pill.tsx";
import { ORIGINS, TOOL_SERVER_STATES, type ToolsSearch } from "../../search/search.ts";
import { text } from "../../text/text.ts";
import { interfaceName, publisherName, shownState } from "./server-state.tsx";

const route = getRouteApi("/tools");

/** Whether a server is among those asked for: its state, its origin, and every word typed somewhere in it. */
export function fits(server: ToolServerSummary, { q = "", state, origin }: ToolsSearch): boolean {
  if (origin !== undefined && server.origin !== origin) return false;
  // A pending revision needs a decision, even while the previous one serves.
  const waits = state === "pending" && server.pending_revision !== null;
  if (state !== undefined && shownState(server.state) !== state && !waits) return false;
  const { name, description, version, reason, interface: abi, publisher } = server;
  const hay = [name, description, version, reason, interfaceName(abi), publisherName(publisher)]
    .join(" ")
    .toLowerCase();
  return q
    .toLowerCase()
    .split(/\s+/)
    .every((word) => hay.includes(word));
}

type Props = { readonly servers: readonly ToolServerSummary[]; readonly shown: number };

export function ServerFilter({ servers, shown }: Props) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const set = (change: ToolsSearch) => void navigate({ search: { ...search, ...change }, replace: true });
  const present = TOOL_SERVER_STATES.filter(
    (state) => state === search.state || servers.some((server) => fits(server, { state })),
  );
  const isFiltered = search.q !== undefined || search.state !== undefined || search.origin !== undefined;
  return (
    <search className="mb-3 flex flex-wrap items-center gap-2">
      <Input
        data-filter
        type="text"
        aria-label={text.tools.filter}
        placeholder={text.tools.filter}
        value={search.q ?? ""}
        onChange={(event) => set({ q: event.target.value === "" ? undefined : event.target.value })}
        className="max-w-72"
      />
      <Choices
        label={text.tools.columns.state}
        value={search.state}
        onChange={(state) => set({ state })}
        choices={[
          { value: undefined, label: text.tools.anyState },
          ...present.map((value) => ({ value, label: text.states[value], icon: <StateIcon state={value} /> })),
        ]}
      />
      <Select
        aria-label={text.tools.columns.origin}
        value={search.origin ?? ""}
        onChange={(event) => set({ origin: ORIGINS.find((origin) => origin === event.target.value) })}
        className="w-auto!"
      >
        <option value="">{text.tools.anyOrigin}</option>
        {ORIGINS.map((origin) => (
          <option key={origin} value={origin}>
            {text.tools.origins[origin]}
          </option>
        ))}
      </Select>
      {isFiltered ? (
        <Button size="small" look="quiet" onClick={() => set({ q: undefined, state: undefined, origin: undefined })}>
          <X aria-hidden />
          {text.actions.clear}
        </Button>
      ) : null}
      <span role="status" className="text-xs text-muted">
        {isFiltered ? text.tools.shown(shown, servers.length) : ""}
      </span>
    </search>
  );
}
