import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Search } from "lucide-react";
import type { MemoryFigures } from "../../../../../src/api/contract/index.ts";
import { entitiesQuery } from "../../../api/memory/memory.ts";
import { Button } from "../../../parts/button.tsx";
import { Choices } from "../../../parts/forms/choices.tsx";
import { Input, Select } from "../../../parts/forms/field.tsx";
import { NameFilter } from "../../../parts/forms/name-filter.tsx";
import { useTyped } from "../../../parts/forms/typed.ts";
import { HIT_LIMITS, type MemorySearch, SEARCH_MODES } from "../../../search/memory.ts";
import { text } from "../../../text/text.ts";
import { MoreFilters } from "./more-filters.tsx";
import { ScopeOptions } from "./scope-options.tsx";
import { scopesToLookInto } from "../scopes.ts";

const route = getRouteApi("/memory");
const words = text.memory;

/** What is asked, and where; all of it is in the address. */
export function SearchBar({ figures }: { readonly figures: MemoryFigures }) {
  const filter = route.useSearch();
  const navigate = route.useNavigate();
  // Another question is another page to come back to; filters make of a page what it shall be.
  const set = (change: MemorySearch, replace = true) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace });
  const { scopes: first, leftOut } = scopesToLookInto(figures);
  const fullest = figures.scopes.toSorted((one, other) => other.entities - one.entities).map(({ scope }) => scope);
  const listed = useInfiniteQuery(entitiesQuery({ scopes: first })).data?.pages.flatMap((page) => page.items) ?? [];
  const types = [...new Set(listed.map(({ type }) => type))].toSorted();
  const chosen = filter.scope === undefined ? [] : [filter.scope];
  const scopes = [...new Set([...chosen, ...first, ...fullest])];
  return (
    <search className="mb-4 space-y-2">
      <QuestionField question={filter.q} onAsk={(q) => set({ q }, q === filter.q)} />
      <div className="flex flex-wrap items-end gap-2">
        {filter.q === undefined ? null : <HowToSearch filter={filter} onChange={set} />}
        <label className="min-w-0 text-xs text-muted">
          {words.scope}
          <Select
            value={filter.scope ?? ""}
            onChange={({ target: { value } }) => set({ scope: value === "" ? undefined : value })}
            className="block max-w-56 text-ink"
          >
            <option value="">{words.anyScope}</option>
            <ScopeOptions scopes={scopes} />
          </Select>
        </label>
        <NameFilter label={words.type} value={filter.type} onChange={(type) => set({ type })} offered={types} />
      </div>
      <MoreFilters filter={filter} onChange={set} />
      {leftOut > 0 && filter.scope === undefined ? (
        <p className="text-xs text-warn">{words.scopesLeftOut(leftOut)}</p>
      ) : null}
    </search>
  );
}

type HowProps = { readonly filter: MemorySearch; readonly onChange: (change: MemorySearch) => void };

const HowToSearch = ({ filter, onChange }: HowProps) => (
  <>
    <Choices
      label={words.mode}
      value={filter.mode ?? "hybrid"}
      choices={SEARCH_MODES.map((value) => ({ value, label: words.modes[value] }))}
      onChange={(mode) => onChange({ mode: mode === "hybrid" ? undefined : mode })}
    />
    <label className="text-xs text-muted">
      {words.limit}
      <Select
        value={filter.limit ?? 10}
        onChange={({ target: { value } }) => onChange({ limit: Number(value) })}
        className="block text-ink"
      >
        {HIT_LIMITS.map((limit) => (
          <option key={limit} value={limit}>
            {limit}
          </option>
        ))}
      </Select>
    </label>
    <label className="flex h-8 items-center gap-1.5 text-sm text-muted">
      <input
        type="checkbox"
        checked={filter.related === true}
        onChange={({ target }) => onChange({ related: target.checked ? true : undefined })}
      />
      {words.related}
    </label>
  </>
);

type QuestionProps = {
  readonly question: string | undefined;
  readonly onAsk: (question: string | undefined) => void;
};

function QuestionField({ question, onAsk }: QuestionProps) {
  const [typed, setTyped] = useTyped(question);
  return (
    <form
      className="flex gap-2"
      onSubmit={(event) => {
        event.preventDefault();
        onAsk(typed.trim() === "" ? undefined : typed.trim());
      }}
    >
      <Input
        data-filter
        dir="auto"
        type="search"
        aria-label={words.question}
        placeholder={words.questionPlaceholder}
        maxLength={10_000}
        value={typed}
        onChange={({ target }) => setTyped(target.value)}
      />
      <Button type="submit" look="primary">
        <Search aria-hidden />
        {words.ask}
      </Button>
      {question === undefined ? null : <Button onClick={() => onAsk(undefined)}>{words.clear}</Button>}
    </form>
  );
}
