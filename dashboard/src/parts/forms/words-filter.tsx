import { operations } from "../../../../src/api/contract/index.ts";
import { text } from "../../text/text.ts";
import { useDenial } from "../permission.ts";
import { Input } from "./field.tsx";

const words = text.filters;
const SEARCH_CHARS_MAX = 200;
const TAG_CHARS_MAX = 64;

type Props = {
  readonly value: string | undefined;
  readonly onChange: (value: string | undefined) => void;
  readonly className?: string;
};

/** Words of messages and answers. They are content: without the permission to read it, they select nothing. */
export const WordsFilter = ({ label, ...props }: Props & { readonly label: string }) => (
  <ContentFilter {...props} data-filter label={label} placeholder={words.search} maxLength={SEARCH_CHARS_MAX} />
);

/** A tag. */
export const TagFilter = (props: Props) => (
  <ContentFilter {...props} label={words.tag} placeholder={words.tag} maxLength={TAG_CHARS_MAX} />
);

type ContentProps = Props & {
  readonly label: string;
  readonly placeholder: string;
  readonly maxLength: number;
  readonly "data-filter"?: boolean;
};

function ContentFilter({ label, value, onChange, ...rest }: ContentProps) {
  const denied = useDenial()(operations.run.watch);
  return (
    <Input
      type="search"
      aria-label={label}
      title={denied}
      disabled={denied !== undefined}
      value={value ?? ""}
      onChange={({ target }) => onChange(target.value === "" ? undefined : target.value)}
      {...rest}
    />
  );
}
