import { getRouteApi } from "@tanstack/react-router";
import { Button } from "../../parts/button.tsx";
import { Select } from "../../parts/forms/field.tsx";
import { NameFilter } from "../../parts/forms/name-filter.tsx";
import { ACTS, type MessagesSearch } from "../../search/messages.ts";
import { text } from "../../text/text.ts";

const route = getRouteApi("/messages");
const words = text.messages.filters;

/** By sender, recipient, act and conversation, in the address. */
export function TailFilter() {
  const filter = route.useSearch();
  const navigate = route.useNavigate();
  const set = (change: MessagesSearch) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true, resetScroll: false });
  const isFiltered = (filter.sender ?? filter.recipient ?? filter.act ?? filter.conversation) !== undefined;
  return (
    <search className="mb-3 flex flex-wrap items-end gap-2 max-sm:grid max-sm:grid-cols-2">
      <NameFilter label={words.sender} value={filter.sender} onChange={(sender) => set({ sender })} isFirst />
      <NameFilter label={words.recipient} value={filter.recipient} onChange={(recipient) => set({ recipient })} />
      <label className="text-xs text-muted">
        {words.act}
        <Select
          value={filter.act ?? ""}
          onChange={({ target: { value } }) => set({ act: ACTS.find((act) => act === value) })}
          className="block text-ink sm:w-44"
        >
          <option value="">{words.anyAct}</option>
          {ACTS.map((act) => (
            <option key={act}>{act}</option>
          ))}
        </Select>
      </label>
      <NameFilter
        label={words.conversation}
        value={filter.conversation}
        onChange={(conversation) => set({ conversation })}
        isFree
      />
      {isFiltered ? (
        <Button
          look="quiet"
          onClick={() => set({ sender: undefined, recipient: undefined, act: undefined, conversation: undefined })}
        >
          {words.clear}
        </Button>
      ) : null}
    </search>
  );
}
