import { Input, Select } from "../../parts/field.tsx";
import { NameFilter } from "../../parts/name-filter.tsx";
import { useTyped } from "../../parts/typed.ts";
import type { MemorySearch } from "../../search-memory.ts";
import { text } from "../../text.ts";
import { instantOf, localTime } from "./claim.ts";
import { readPairs } from "./pairs.ts";

const words = text.memory;
const BUDGETS = [100, 500, 1_000, 5_000] as const;

type Props = { readonly filter: MemorySearch; readonly onChange: (change: MemorySearch) => void };

/** What narrows a search besides where it looks: when it must hold, who said it, its metadata, and how long answers may be. */
export function MoreFilters({ filter, onChange }: Props) {
  const { at, agent, about, tokens } = filter;
  const used = [at, agent, about, tokens].filter((value) => value !== undefined).length;
  return (
    <details open={used > 0 ? true : undefined}>
      <summary className="w-fit cursor-pointer rounded text-xs text-muted hover:text-ink">
        {words.moreFilters}
        {used === 0 ? "" : ` (${used})`}
      </summary>
      <div className="mt-2 flex flex-wrap items-end gap-2">
        <When at={at} onChange={(changed) => onChange({ at: changed })} />
        <NameFilter label={words.saidBy} value={agent} onChange={(name) => onChange({ agent: name })} />
        <About about={about} onChange={(typed) => onChange({ about: typed })} />
        <label className="text-xs text-muted">
          {words.budget}
          <Select
            value={tokens ?? ""}
            onChange={({ target: { value } }) => onChange({ tokens: value === "" ? undefined : Number(value) })}
            className="block text-ink"
          >
            <option value="">{words.noBudget}</option>
            {[...new Set([...BUDGETS, ...(tokens === undefined ? [] : [tokens])])]
              .toSorted((one, other) => one - other)
              .map((budget) => (
                <option key={budget} value={budget}>
                  {words.tokens(budget)}
                </option>
              ))}
          </Select>
        </label>
      </div>
    </details>
  );
}

const WHENS = ["now", "any", "at"] as const;

/** Now, whenever, or at a moment that is chosen. */
function When({
  at,
  onChange,
}: {
  readonly at: string | undefined;
  readonly onChange: (at: string | undefined) => void;
}) {
  const when = at === undefined ? "now" : at === "any" ? "any" : "at";
  return (
    <>
      <label className="text-xs text-muted">
        {words.holdsWhen}
        <Select
          value={when}
          onChange={({ target: { value } }) =>
            onChange(value === "now" ? undefined : value === "any" ? "any" : new Date().toISOString())
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
          onChange={({ target: { value } }) => onChange(instantOf(value) ?? undefined)}
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
