import { Input, Select } from "../../../parts/forms/field.tsx";
import { NameFilter } from "../../../parts/forms/name-filter.tsx";
import { useTyped } from "../../../parts/forms/typed.ts";
import type { MemorySearch } from "../../../search/memory.ts";
import { text } from "../../../text/text.ts";
import { instantOf, localTime } from "../forms/claim.ts";
import { readPairs } from "./pairs.ts";

const words = text.memory;
const BUDGETS = [100, 500, 1_000, 5_000] as const;
/** In percent. */
const NEARNESSES = [20, 30, 40, 50, 60, 70, 80] as const;

type Props = { readonly filter: MemorySearch; readonly onChange: (change: MemorySearch) => void };

/** What narrows a list or a search besides where it looks: when it must hold, who said it, its metadata; of a search also how near and how long answers may be. */
export function MoreFilters({ filter, onChange }: Props) {
  const { q, mode, at, agent, about, tokens, near } = filter;
  const isSearch = q !== undefined;
  const used = [at, agent, about, ...(isSearch ? [tokens, near] : [])].filter((value) => value !== undefined).length;
  return (
    <details open={used > 0 ? true : undefined}>
      <summary className="w-fit cursor-pointer rounded text-xs text-muted hover:text-ink">
        {words.moreFilters}
        {used === 0 ? "" : ` (${used})`}
      </summary>
      <div className="mt-2 flex flex-wrap items-end gap-2">
        <When at={at} isSearch={isSearch} onChange={(changed) => onChange({ at: changed })} />
        <NameFilter label={words.saidBy} value={agent} onChange={(name) => onChange({ agent: name })} />
        <About about={about} onChange={(typed) => onChange({ about: typed })} />
        {isSearch && mode !== "keyword" ? (
          <Bound
            label={words.nearness}
            value={near}
            none={words.anyNearness}
            choices={NEARNESSES}
            say={words.nearAtLeast}
            onChange={(chosen) => onChange({ near: chosen })}
          />
        ) : null}
        {isSearch ? (
          <Bound
            label={words.budget}
            value={tokens}
            none={words.noBudget}
            choices={BUDGETS}
            say={words.tokens}
            onChange={(chosen) => onChange({ tokens: chosen })}
          />
        ) : null}
      </div>
    </details>
  );
}

type BoundProps = {
  readonly label: string;
  readonly value: number | undefined;
  /** What no bound is called. */
  readonly none: string;
  readonly choices: readonly number[];
  readonly say: (value: number) => string;
  readonly onChange: (value: number | undefined) => void;
};

/** One of a few numbers, or the one that the address has, or none. */
const Bound = ({ label, value, none, choices, say, onChange }: BoundProps) => (
  <label className="text-xs text-muted">
    {label}
    <Select
      value={value ?? ""}
      onChange={({ target }) => onChange(target.value === "" ? undefined : Number(target.value))}
      className="block text-ink"
    >
      <option value="">{none}</option>
      {[...new Set([...choices, ...(value === undefined ? [] : [value])])]
        .toSorted((one, other) => one - other)
        .map((choice) => (
          <option key={choice} value={choice}>
            {say(choice)}
          </option>
        ))}
    </Select>
  </label>
);

const WHENS = ["now", "any", "at"] as const;

type WhenProps = {
  readonly at: string | undefined;
  /** A search is for what holds now unless it says otherwise, a list has what held whenever. */
  readonly isSearch: boolean;
  readonly onChange: (at: string | undefined) => void;
};

/** Now, whenever, or at a moment that is chosen. */
function When({ at, isSearch, onChange }: WhenProps) {
  const usual = isSearch ? "now" : "any";
  const when = at === undefined ? usual : at === "any" || at === "now" ? at : "at";
  return (
    <>
      <label className="text-xs text-muted">
        {words.holdsWhen}
        <Select
          value={when}
          onChange={({ target: { value } }) =>
            onChange(value === usual ? undefined : value === "at" ? new Date().toISOString() : value)
          }
          className="block text-ink"
        >
          {WHENS.map((value) => (
            <option key={value} value={value}>
              {words.whens[value]}
            </option>
          ))}
        </Select>
      </label>
      {when === "at" && at !== undefined ? (
        <Input
          type="datetime-local"
          aria-label={words.whens.at}
          value={localTime(at).slice(0, "2026-11-21T14:02".length)}
          onChange={({ target: { value } }) => {
            const chosen = instantOf(value);
            if (chosen !== null) onChange(chosen);
          }}
          className="w-auto"
        />
      ) : null}
    </>
  );
}

type AboutProps = { readonly about: string | undefined; readonly onChange: (about: string | undefined) => void };

function About({ about, onChange }: AboutProps) {
  const [typed, setTyped] = useTyped(about);
  const read = readPairs(typed);
  const error = "error" in read ? read.error : undefined;
  return (
    <form
      className="text-xs text-muted"
      onSubmit={(event) => {
        event.preventDefault();
        if (error === undefined) onChange(typed.trim() === "" ? undefined : typed.trim());
      }}
    >
      <label>
        {words.about}
        <Input
          placeholder="team=billing"
          aria-invalid={error !== undefined}
          aria-describedby={error === undefined ? undefined : "about-error"}
          autoComplete="off"
          value={typed}
          onChange={({ target }) => setTyped(target.value)}
          onBlur={(event) => event.currentTarget.form?.requestSubmit()}
          className="block w-52 text-ink"
        />
      </label>
      {error === undefined ? null : (
        <p id="about-error" role="alert" className="mt-1 text-bad">
          {error}
        </p>
      )}
    </form>
  );
}
