import { useState } from "react";
import { spanOf, SPANS, type TimeRange } from "../../search/time-range.ts";
import { text } from "../../text/text.ts";
import { Input, Select } from "./field.tsx";

const words = text.filters;
const DAYS = "days";

type Props = { readonly range: TimeRange; readonly onChange: (range: Required<TimeRange>) => void };

/** Selects a span before now, or days. */
export function TimeFilter({ range, onChange }: Props) {
  const { since, until } = range;
  const span = spanOf(range);
  const hasDays = span === undefined && (since !== undefined || until !== undefined);
  const [wantsDays, setWantsDays] = useState(false);
  const showsDays = hasDays || wantsDays;
  return (
    <>
      <Select
        aria-label={words.time}
        value={showsDays ? DAYS : (span ?? "")}
        onChange={({ target: { value } }) => {
          setWantsDays(value === DAYS);
          onChange({ since: value === DAYS || value === "" ? undefined : value, until: undefined });
        }}
        className="w-32!"
      >
        <option value="">{words.anyTime}</option>
        {SPANS.map((each) => (
          <option key={each} value={each}>
            {words.spans[each]}
          </option>
        ))}
        <option value={DAYS}>{words.days}</option>
      </Select>
      {showsDays ? (
        <span className="flex flex-wrap items-center gap-2">
          <Day label={words.from} value={since} onChange={(from) => onChange({ since: from, until })} />
          <Day label={words.to} value={until} onChange={(to) => onChange({ since, until: to })} />
        </span>
      ) : null}
    </>
  );
}

type DayProps = {
  readonly label: string;
  readonly value: string | undefined;
  readonly onChange: (day: string | undefined) => void;
};

const Day = ({ label, value, onChange }: DayProps) => (
  <Input
    type="date"
    aria-label={label}
    title={label}
    value={value ?? ""}
    onChange={({ target }) => onChange(target.value === "" ? undefined : target.value)}
    className="w-36!"
  />
);
